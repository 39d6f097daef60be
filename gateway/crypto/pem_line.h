#pragma once

// The lines of a PEM text: which of them begin or end a block, and which only seem to. Internal to
// the room.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::crypto {

// PemLines hands out the lines of a text, without their ends.
class PemLines {
 public:
  explicit PemLines(std::string_view text) : rest_(text) {}

  bool next(std::string_view& line);
  std::size_t number() const { return number_; }  // of the line last handed out, from one
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  std::size_t number_ = 0;
};

// begins returns the label of a line `-----BEGIN label-----` (RFC 7468 section 3), ends of a line
// `-----END label-----`. Blanks may follow, and nothing else may stand there.
std::optional<std::string_view> begins(std::string_view line);
std::optional<std::string_view> ends(std::string_view line);

// misreading says what is wrong with a line that is no boundary, but that somebody may have meant
// as one, and what to do; empty when it is mere text.
std::string misreading(std::string_view line);

}  // namespace sallyport::crypto
