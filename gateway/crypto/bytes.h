#pragma once

// Text as the byte pointers that cryptographic libraries want, and back.

#include <cstdint>
#include <span>
#include <string_view>

namespace sallyport::crypto {

inline const std::uint8_t* data_of(std::string_view bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

inline std::string_view view_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline std::string_view view_of(std::span<const std::uint8_t> bytes) {
  return view_of(bytes.data(), bytes.size());
}

}  // namespace sallyport::crypto
