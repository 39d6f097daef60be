#include "gateway/http/h2_limits.h"

namespace sallyport::http {

std::string_view to_string(H2Flood kind) {
  constexpr std::array<std::string_view, kH2Floods> kNames{
      "resets", "pings", "settings", "window_updates", "empty_data", "priorities"};
  return kNames[static_cast<std::size_t>(kind)];
}

bool H2Budget::spend(H2Flood kind, MonoTime now) {
  if (now.us - began_.us >= kSecond) {
    began_ = now;
    spent_ = {};
    earned_ = 0;
  }
  const auto index = static_cast<std::size_t>(kind);
  std::uint32_t allowed = limits_.per_second[index];
  if (kind == H2Flood::window_updates) allowed += earned_;
  return ++spent_[index] <= allowed;
}

}  // namespace sallyport::http
