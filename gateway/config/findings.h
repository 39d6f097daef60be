#pragma once

// Findings collects everything that is wrong, or to be told, of a configuration, so that one run
// names it all.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::config {

class Node;

// Position is a place in a file; line and column count from one, zero means unknown.
struct Position {
  std::shared_ptr<const std::string> file;
  int line = 0;
  int column = 0;
};

// A note says what was made of something that can be read in several ways; nothing is wrong.
enum class Severity : std::uint8_t { note, warning, error };

struct Finding {
  Severity severity = Severity::error;
  Position at;
  std::string path;     // "listeners[0].tls.certificate"
  std::string message;  // what is wrong and what to do

  // text is "file:line:col: error: path: message", without what is unknown.
  std::string text() const;
};

// kMaxFindings bounds the list: a file that is no configuration at all would fill the screen.
inline constexpr std::size_t kMaxFindings = 200;

class Findings {
 public:
  void error(const Node& node, std::string message);
  void warning(const Node& node, std::string message);
  void note(const Node& node, std::string message);
  // add is for errors without a node, such as a file that cannot be read.
  void add(Finding finding);

  // error_count counts even what the bounded list no longer holds.
  bool has_errors() const { return errors_ > 0; }
  std::size_t error_count() const { return errors_; }
  bool has_warnings() const { return warnings_ > 0; }
  const std::vector<Finding>& all() const { return all_; }

 private:
  std::vector<Finding> all_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
};

}  // namespace sallyport::config
