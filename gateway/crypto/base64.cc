#include "gateway/crypto/base64.h"

#include <array>
#include <cstdint>

namespace sallyport::crypto {
namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNone = 0xff;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNone);
  for (std::size_t i = 0; i < kUrl.size(); ++i) {
    values[static_cast<std::uint8_t>(kUrl[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}
constexpr auto kValues = make_values();

std::uint8_t value_of(char c) { return kValues[static_cast<std::uint8_t>(c)]; }

std::string encode(std::string_view bytes, std::string_view alphabet, bool pad) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(3, bytes.size()))) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8 | (i < bytes.size() ? static_cast<std::uint8_t>(bytes[i]) : 0U);
    }
    const std::size_t meaningful = bytes.size() >= 3 ? 4 : bytes.size() + 1;
    for (std::size_t i = 0; i < 4; ++i) {
      if (i < meaningful) {
        out += alphabet[group >> (18 - 6 * i) & 63];
      } else if (pad) {
        out += '=';
      }
    }
  }
  return out;
}

}  // namespace

std::optional<std::string_view> decode_base64url(std::string_view text, std::span<char> into) {
  const std::size_t rest = text.size() % 4;
  if (rest == 1) return std::nullopt;
  const std::size_t size = text.size() / 4 * 3 + (rest == 0 ? 0 : rest - 1);
  if (size > into.size()) return std::nullopt;

  // An invalid character has the top bits set; they are gathered and looked at once.
  std::uint8_t seen = 0;
  char* to = into.data();
  std::size_t at = 0;
  for (; at + 4 <= text.size(); at += 4) {
    const std::uint8_t a = value_of(text[at]), b = value_of(text[at + 1]);
    const std::uint8_t c = value_of(text[at + 2]), d = value_of(text[at + 3]);
    seen = static_cast<std::uint8_t>(seen | a | b | c | d);
    *to++ = static_cast<char>(a << 2 | b >> 4);
    *to++ = static_cast<char>(b << 4 | c >> 2);
    *to++ = static_cast<char>(c << 6 | d);
  }
  std::uint8_t stray = 0;
  if (rest >= 2) {
    const std::uint8_t a = value_of(text[at]), b = value_of(text[at + 1]);
    const std::uint8_t c = rest == 3 ? value_of(text[at + 2]) : std::uint8_t{0};
    seen = static_cast<std::uint8_t>(seen | a | b | c);
    *to++ = static_cast<char>(a << 2 | b >> 4);
    if (rest == 3) *to++ = static_cast<char>(b << 4 | c >> 2);
    // RFC 4648 section 3.5: the unused bits of the last character must be zero.
    stray = rest == 3 ? c & 3 : b & 15;
  }
  if ((seen & 0xc0) != 0 || stray != 0) return std::nullopt;
  return std::string_view(into.data(), size);
}

std::optional<std::string> decode_base64url(std::string_view text) {
  std::string out(decoded_size(text.size()), '\0');
  const auto decoded = decode_base64url(text, out);
  if (!decoded) return std::nullopt;
  out.resize(decoded->size());
  return out;
}

std::string encode_base64url(std::string_view bytes) { return encode(bytes, kUrl, false); }

std::string encode_base64(std::string_view bytes) { return encode(bytes, kStandard, true); }

}  // namespace sallyport::crypto
