#pragma once

// Unpacking gzip (RFC 1952) within a bound, by zlib.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::oauth {

enum class Unpacked : std::uint8_t { whole, too_long, broken };

// gunzip writes what `packed` stands for to `to`, never more than `longest` bytes. All members are
// unpacked, as all that read gzip do; broken: something is missing, or follows the last one.
Unpacked gunzip(std::string_view packed, std::size_t longest, std::string& to);

}  // namespace sallyport::oauth
