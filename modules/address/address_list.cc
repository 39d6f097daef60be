#include "modules/address/address_list.h"

#include <memory>
#include <string_view>

#include "gateway/base/file.h"
#include "gateway/base/text.h"
#include "gateway/config/option.h"
#include "modules/address/named_sets.h"

namespace sallyport::address {
namespace {

using config::Findings;
using config::Node;

// looks_like_name tells a set's name from an address: every address has a digit first, or a colon.
bool looks_like_name(std::string_view text) {
  return is_alpha(text.front()) && text.find(':') == std::string_view::npos;
}

std::string unknown_set(std::string_view name) {
  std::vector<std::string_view> names;
  std::string list;
  for (const NamedSet& set : named_sets()) {
    names.push_back(set.name);
    list += (list.empty() ? "" : ", ") + std::string(set.name);
  }
  const std::string_view near = closest(name, names.data(), names.size());
  std::string message = "there is no address set \"" + std::string(name) + "\"";
  if (!near.empty()) message += " (did you mean \"" + std::string(near) + "\"?)";
  return message + "; the sets are " + list;
}

// add_entry adds an address, block, range or named set; the error says what is wrong with it.
Result<void> add_entry(std::string_view text, net::PrefixSet::Builder& to) {
  if (text.empty()) return Error{Fault::gateway, "an entry is empty"};
  if (!looks_like_name(text)) return to.add_text(text);
  const NamedSet* set = find_named_set(text);
  if (set == nullptr) return Error{Fault::gateway, unknown_set(text)};
  for (const std::string_view entry : set->entries) {
    if (auto added = to.add_text(entry); !added) return added;
  }
  return {};
}

void add_file(std::string_view name, const Node& named_at, net::PrefixSet::Builder& to,
              Findings& findings) {
  const std::string path = config::resolve_path(named_at, std::string(name));
  const auto file = read_file(path, kMaxFileBytes);
  if (!file) {
    findings.error(named_at, "cannot read the address list " + path + ": " + file.error().text);
    return;
  }
  int line = 0;
  std::size_t entries = 0;
  for_each_piece(file->bytes, '\n', [&](std::string_view row) {
    ++line;
    row = row.substr(0, row.find('#'));
    if (row.ends_with('\r')) row.remove_suffix(1);
    row = trim(row);
    if (row.empty() || ++entries > kMaxEntries) return;
    if (auto added = add_entry(row, to); !added) {
      findings.add({config::Severity::error,
                    {std::make_shared<const std::string>(path), line, 1},
                    named_at.path,
                    added.error().text});
    }
  });
  if (entries == 0) findings.error(named_at, "the address list " + path + " has no entry");
  if (entries > kMaxEntries) {
    findings.error(named_at, "the address list " + path + " has more than " +
                                 std::to_string(kMaxEntries) + " entries; write blocks");
  }
}

}  // namespace

net::PrefixSet read_list(const std::vector<config::At<std::string>>& entries, Findings& findings) {
  net::PrefixSet::Builder builder;
  for (const auto& entry : entries) {
    const std::string_view text = *entry;
    if (text.starts_with('@')) {
      add_file(text.substr(1), entry.node, builder, findings);
    } else if (auto added = add_entry(text, builder); !added) {
      findings.error(entry.node, added.error().text);
    }
  }
  return std::move(builder).build();
}

}  // namespace sallyport::address
