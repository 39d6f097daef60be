#include "gateway/crypto/serial_set.h"

#include <algorithm>

#include "gateway/base/text.h"

namespace sallyport::crypto {

bool SerialSet::add(std::string_view serial) {
  while (serial.size() > 1 && serial.front() == '\0') serial.remove_prefix(1);
  if (serial.empty() || serial.size() > kMaxBytes) return false;
  Serial packed{};
  std::transform(serial.begin(), serial.end(),
                 packed.end() - static_cast<std::ptrdiff_t>(serial.size()),
                 [](char c) { return static_cast<std::uint8_t>(c); });
  serials_.push_back(packed);
  return true;
}

void SerialSet::seal() {
  std::sort(serials_.begin(), serials_.end());
  serials_.erase(std::unique(serials_.begin(), serials_.end()), serials_.end());
  serials_.shrink_to_fit();
}

std::optional<bool> SerialSet::contains(std::string_view hex) const {
  if (hex.empty() || hex.size() % 2 != 0 || hex.size() > 2 * kMaxBytes) return std::nullopt;
  Serial packed{};
  auto to = packed.end() - static_cast<std::ptrdiff_t>(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_value(hex[i]);
    const int low = hex_value(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    *to++ = static_cast<std::uint8_t>(high << 4 | low);
  }
  return std::binary_search(serials_.begin(), serials_.end(), packed);
}

}  // namespace sallyport::crypto
