#pragma once

// What the contract suite reads of a module's folder: its code, and its README.

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::test {

// The folders under modules/.
std::set<std::string> module_folders();

// source_of returns the module's code without its tests; tests_of the tests alone.
std::string source_of(std::string_view module);
// shared_reasons returns the source of the reasons that several modules give.
std::string shared_reasons();
std::string tests_of(std::string_view module);

class Readme {
 public:
  // Reads modules/<module>/README.md; empty when there is none.
  explicit Readme(std::string_view module);

  const std::string& text() const { return text_; }
  // terms are the pieces in `code style`, blocks excluded.
  const std::set<std::string>& terms() const { return terms_; }
  // yaml is the first example block.
  const std::string& yaml() const { return yaml_; }

 private:
  std::string text_;
  std::string yaml_;
  std::set<std::string> terms_;
};

}  // namespace sallyport::test
