#include "gateway/config/node.h"

#include <algorithm>

#include "gateway/config/file.h"

namespace sallyport::config {

const Node* Node::find(std::string_view key) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const Member& member) { return member.key == key; });
  return found == members.end() ? nullptr : &found->value;
}

std::optional<Node> load_yaml(const std::string& path, Findings& findings) {
  auto file = std::make_shared<const std::string>(path);
  auto content = read_file(path, kMaxFileBytes);
  if (!content) {
    findings.add({Severity::error,
                  {std::move(file), 0, 0},
                  "",
                  "the configuration cannot be read: " + content.error().text});
    return std::nullopt;
  }
  return parse_yaml(content->bytes, std::move(file), findings);
}

}  // namespace sallyport::config
