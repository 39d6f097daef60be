// Secrets come from outside the configuration, so that it can be reviewed, copied and logged.

#include <fmt/core.h>

#include <cstdlib>

#include "gateway/base/file.h"
#include "gateway/config/message.h"
#include "gateway/config/scalar.h"

namespace sallyport::config {
namespace {

constexpr std::string_view kFile = "file:";
constexpr std::string_view kEnvironment = "env:";
constexpr std::string_view kCredential = "credential:";

void remove_line_end(std::string& text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
}

bool accept(const Node& node, std::string value, Secret& out, Findings& findings) {
  if (value.empty()) {
    findings.error(node, "the secret is empty where it is kept: put it there");
    return false;
  }
  out = Secret(std::move(value));
  return true;
}

bool read_from_file(const Node& node, const std::string& path, Secret& out, Findings& findings) {
  auto content = read_file(path, kMaxSecretBytes);
  if (!content) {
    findings.error(node, fmt::format("the secret's file {} cannot be read: {}", quoted(path),
                                     content.error().text));
    return false;
  }
  if (content->others_can_read) {
    findings.warning(
        node, fmt::format("everybody on this machine may read {}: chmod o-r it", quoted(path)));
  }
  remove_line_end(content->bytes);
  return accept(node, std::move(content->bytes), out, findings);
}

bool read_from_environment(const Node& node, const std::string& name, Secret& out,
                           Findings& findings) {
  // Control thread, before anything could change the environment.
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) {
    findings.error(node, fmt::format("the environment has no variable {}: set it", quoted(name)));
    return false;
  }
  if (std::string_view(value).size() > kMaxSecretBytes) {
    findings.error(node, fmt::format("the variable {} is larger than {} bytes", quoted(name),
                                     kMaxSecretBytes));
    return false;
  }
  return accept(node, value, out, findings);
}

bool read_from_credential(const Node& node, const std::string& name, Secret& out,
                          Findings& findings) {
  if (name.empty() || name.starts_with('.') || name.find('/') != std::string::npos) {
    findings.error(node, quoted(name) + " is no name of a credential: write it without a folder");
    return false;
  }
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr) {
    findings.error(node, fmt::format("there are no systemd credentials here: add "
                                     "LoadCredential={}:/path/of/file to the unit",
                                     name));
    return false;
  }
  return read_from_file(node, std::string(folder) + '/' + name, out, findings);
}

}  // namespace

bool decode_secret(const Node& node, Secret& out, Findings& findings) {
  constexpr std::string_view kForms = "file:PATH, env:NAME or credential:NAME";
  if (!is_scalar_for(node, kForms, findings)) return false;
  const std::string& text = node.scalar;
  if (text.starts_with(kFile) && text.size() > kFile.size()) {
    return read_from_file(node, resolve_path(node, text.substr(kFile.size())), out, findings);
  }
  if (text.starts_with(kEnvironment)) {
    return read_from_environment(node, text.substr(kEnvironment.size()), out, findings);
  }
  if (text.starts_with(kCredential)) {
    return read_from_credential(node, text.substr(kCredential.size()), out, findings);
  }
  // The value is not repeated: it may well be the secret.
  findings.error(node, fmt::format("a secret does not belong in this file: write {}", kForms));
  return false;
}

}  // namespace sallyport::config
