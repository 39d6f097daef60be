#pragma once

// The TLS versions that we speak. Older ones are not an option (RFC 8996).

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace sallyport::tls {

enum class Version : std::uint8_t { tls12, tls13 };

// option_names is how configuration spells them.
constexpr auto option_names(Version) {
  return std::array{std::pair<std::string_view, Version>{"TLSv1.2", Version::tls12},
                    std::pair<std::string_view, Version>{"TLSv1.3", Version::tls13}};
}

}  // namespace sallyport::tls
