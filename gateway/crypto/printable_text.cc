#include <algorithm>
#include <cstdint>

#include "gateway/base/utf8.h"
#include "gateway/crypto/distinguished_name.h"

namespace sallyport::crypto {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;

// Universal tag numbers, X.680 clause 8.6.
enum Tag : unsigned {
  kUtf8 = 12,
  kNumeric = 18,
  kPrintable = 19,
  kT61 = 20,
  kIa5 = 22,
  kVisible = 26,
  kUniversal = 28,
  kBmp = 30,
};

void append_utf8(std::string& out, std::uint32_t c) {
  const auto byte = [&out](std::uint32_t value) { out += static_cast<char>(value); };
  if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xC0 | c >> 6);
    byte(0x80 | (c & 63));
  } else if (c < 0x10000) {
    byte(0xE0 | c >> 12);
    byte(0x80 | (c >> 6 & 63));
    byte(0x80 | (c & 63));
  } else {
    byte(0xF0 | c >> 18);
    byte(0x80 | (c >> 12 & 63));
    byte(0x80 | (c >> 6 & 63));
    byte(0x80 | (c & 63));
  }
}

// A name must not rearrange the line of a log that it appears in.
void append_visible(std::string& out, std::uint32_t c) {
  const bool invalid = c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF);
  append_utf8(out, is_hidden(c) || invalid ? kReplacement : c);
}

// is_plain says whether every octet is an ASCII character that may be shown: most names are.
bool is_plain(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

// take_utf8 removes one character; a byte that begins none is removed alone.
std::uint32_t take_utf8(std::string_view& bytes) {
  const auto at = [&bytes](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  const std::uint8_t lead = at(0);
  std::size_t more = 0;
  std::uint32_t c = lead;
  std::uint32_t least = 0;
  if (lead >= 0xF0 && lead < 0xF8) {
    more = 3, c = lead & 7, least = 0x10000;
  } else if (lead >= 0xE0 && lead < 0xF0) {
    more = 2, c = lead & 15, least = 0x800;
  } else if (lead >= 0xC0 && lead < 0xE0) {
    more = 1, c = lead & 31, least = 0x80;
  } else if (lead >= 0x80) {
    c = kReplacement;
  }
  for (std::size_t i = 1; i <= more; ++i) {
    if (i >= bytes.size() || (at(i) & 0xC0) != 0x80) {
      bytes.remove_prefix(1);
      return kReplacement;
    }
    c = c << 6 | (at(i) & 63);
  }
  bytes.remove_prefix(1 + more);
  return c < least ? kReplacement : c;
}

std::string from_fixed_width(std::string_view bytes, std::size_t width) {
  std::string out;
  while (bytes.size() >= width) {
    std::uint32_t c = 0;
    for (std::size_t i = 0; i < width; ++i) c = c << 8 | static_cast<std::uint8_t>(bytes[i]);
    append_visible(out, c);
    bytes.remove_prefix(width);
  }
  if (!bytes.empty()) append_utf8(out, kReplacement);
  return out;
}

}  // namespace

std::optional<std::string> printable_text(unsigned tag_number, std::string_view bytes) {
  std::string out;
  switch (tag_number) {
    case kUtf8:
      if (is_plain(bytes)) return std::string(bytes);
      while (!bytes.empty()) append_visible(out, take_utf8(bytes));
      return out;
    case kNumeric:
    case kPrintable:
    case kIa5:
    case kVisible:
      if (is_plain(bytes)) return std::string(bytes);
      for (const char c : bytes)
        append_visible(out, c < 0 ? kReplacement : static_cast<std::uint8_t>(c));
      return out;
    case kT61:  // in practice Latin-1
      return from_fixed_width(bytes, 1);
    case kBmp:
      return from_fixed_width(bytes, 2);
    case kUniversal:
      return from_fixed_width(bytes, 4);
    default:
      return std::nullopt;
  }
}

}  // namespace sallyport::crypto
