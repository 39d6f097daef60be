#include "gateway/config/option.h"

#include <algorithm>
#include <vector>

namespace sallyport::config {
namespace {

void report_unknown(const Node::Member& member, std::span<const Option> options,
                    Findings& findings) {
  std::vector<std::string_view> names;
  for (const Option& option : options) names.push_back(option.name);
  const std::string hint = names.empty() ? "; there are no options here: remove it"
                                         : suggestion(member.key, names, "known here:");
  findings.add({Severity::error, member.key_at, member.value.path, "unknown option" + hint});
}

}  // namespace

Node place_of_absent(const Node& parent, std::string_view name) {
  Node place;
  place.at = parent.at;
  place.path = parent.path.empty() ? std::string(name) : parent.path + '.' + std::string(name);
  return place;
}

bool decode_options(const Node& node, std::span<const Option> options, void* settings,
                    Findings& findings) {
  if (!is_collection_for(node, Node::Kind::mapping, findings)) return false;
  bool ok = true;
  for (const auto& member : node.members) {
    const auto row = std::find_if(options.begin(), options.end(),
                                  [&](const Option& option) { return option.name == member.key; });
    if (row == options.end()) {
      report_unknown(member, options, findings);
      ok = false;
    } else {
      ok = row->decode(member.value, settings, findings) && ok;
    }
  }
  for (const Option& option : options) {
    if (node.find(option.name) != nullptr) continue;
    option.absent(node, settings);
    if (!option.is_required) continue;
    findings.error(place_of_absent(node, option.name), "is missing: " + std::string(option.help));
    ok = false;
  }
  return ok;
}

}  // namespace sallyport::config
