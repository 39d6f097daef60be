#include "tests/contract/readme.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "gateway/base/text.h"

namespace sallyport::test {
namespace {

namespace fs = std::filesystem;

fs::path modules_folder() { return fs::path(SALLYPORT_SOURCE_DIR) / "modules"; }

std::string read(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

bool is_code(const fs::path& path) { return path.extension() == ".cc" || path.extension() == ".h"; }

bool is_test(const fs::path& path) {
  const std::string name = path.stem().string();
  return name.ends_with("_test") || name.ends_with("_fuzz");
}

std::string code_of(std::string_view module, bool tests) {
  std::string code;
  for (const auto& entry : fs::directory_iterator(modules_folder() / module)) {
    if (is_code(entry.path()) && is_test(entry.path()) == tests) code += read(entry.path());
  }
  return code;
}

}  // namespace

std::set<std::string> module_folders() {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(modules_folder())) {
    if (entry.is_directory()) names.insert(entry.path().filename().string());
  }
  return names;
}

std::string source_of(std::string_view module) { return code_of(module, false); }
std::string shared_reasons() {
  return read(fs::path(SALLYPORT_SOURCE_DIR) / "gateway/policy/revocations.h");
}
std::string tests_of(std::string_view module) { return code_of(module, true); }

Readme::Readme(std::string_view module) : text_(read(modules_folder() / module / "README.md")) {
  bool in_block = false;
  bool in_example = false;
  bool has_example = false;
  for_each_piece(text_, '\n', [&](std::string_view line) {
    if (line.starts_with("```")) {
      in_block = !in_block;
      in_example = in_block && !has_example && line == "```yaml";
      has_example = has_example || in_example;
      return;
    }
    if (in_example) yaml_ += std::string(line) + "\n";
    if (in_block) return;
    bool in_term = false;
    for_each_piece(line, '`', [&](std::string_view piece) {
      if (in_term) terms_.emplace(piece);
      in_term = !in_term;
    });
  });
}

}  // namespace sallyport::test
