#include "gateway/config/node.h"

#include <algorithm>

#include "gateway/base/file.h"

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

std::string resolve_path(const Node& node, const std::string& path) {
  if (path.starts_with('/') || node.at.file == nullptr) return path;
  const std::size_t slash = node.at.file->rfind('/');
  return slash == std::string::npos ? path : node.at.file->substr(0, slash + 1) + path;
}

}  // namespace sallyport::config
