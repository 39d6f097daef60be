#include "modules/revocation/unit.h"

#include <algorithm>

#include "gateway/base/text.h"

namespace sallyport::revocation {

std::optional<std::string> certificate_value(std::string_view fingerprint) {
  constexpr std::size_t kDigits = 64;
  std::string value;
  for (const char c : fingerprint) {
    if (c == ':') continue;
    if (hex_value(c) < 0 || value.size() == kDigits) return std::nullopt;
    value += "0123456789abcdef"[hex_value(c)];
  }
  if (value.size() != kDigits) return std::nullopt;
  return value;
}

bool is_digest(std::string_view value) {
  constexpr std::string_view kDigest = "sha256:";
  constexpr std::size_t kDigits = 64;
  return value.starts_with(kDigest) && value.size() == kDigest.size() + kDigits &&
         std::ranges::all_of(value.substr(kDigest.size()),
                             [](char c) { return hex_value(c) >= 0; });
}

std::string token_value(std::string value) {
  if (is_digest(value)) std::ranges::transform(value, value.begin(), to_lower);
  return value;
}

}  // namespace sallyport::revocation
