#include "modules/revocation/unit.h"

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

}  // namespace sallyport::revocation
