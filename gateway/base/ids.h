#pragma once

// Identifiers that we mint. They are unpredictable and unique, never a secret.

#include <array>
#include <cstdint>
#include <string_view>

namespace sallyport {

// Uuid is the text form of a random (version 4) UUID, RFC 9562 section 5.4.
class Uuid {
 public:
  static constexpr std::size_t kLength = 36;

  // from_random makes a version 4 UUID of 16 random bytes.
  static Uuid from_random(const std::array<std::uint8_t, 16>& bytes);
  // is_valid says whether `text` is any UUID in its 36 character form, in either case.
  static bool is_valid(std::string_view text);

  std::string_view view() const { return {text_.data(), text_.size()}; }

 private:
  std::array<char, kLength> text_{};
};

}  // namespace sallyport
