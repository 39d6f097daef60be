#pragma once

// What a peer may cost us on one HTTP/2 connection. Most frames are cheap to send and dear to
// handle, so each kind has a budget a second (CVE-2023-44487 and its relatives).

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/http/head_scan.h"

namespace sallyport::http {

// H2Flood names a kind of frame that came too often.
enum class H2Flood : std::uint8_t {
  resets,  // RST_STREAM, and streams that we had to reset: rapid reset
  pings,
  settings,
  window_updates,  // also the mark of a peer that opens tiny windows
  empty_data,      // DATA without octets and without END_STREAM
  priorities,
};
inline constexpr std::size_t kH2Floods = static_cast<std::size_t>(H2Flood::priorities) + 1;

// to_string is stable: a log field and a metric label.
std::string_view to_string(H2Flood kind);

// What they are by default stands in load/settings.h, with the options.
struct H2Limits {
  HeadLimits head;                  // of decoded header blocks
  std::uint32_t max_streams = 0;    // open at a time
  std::uint32_t stream_window = 0;  // octets of a body that may wait for us
  std::uint32_t connection_window = 0;
  std::size_t max_continuations = 0;                  // of one header block
  std::uint64_t overhead = 0;                         // octets of no use, see OverheadAccount
  std::array<std::uint32_t, kH2Floods> per_second{};  // frames a second, by kind
};

// H2Budget counts the frames of one connection.
class H2Budget {
 public:
  explicit H2Budget(const H2Limits& limits) : limits_(limits) {}

  // spend counts a frame; false when there were too many within this second.
  bool spend(H2Flood kind, MonoTime now);
  // earn raises the budget of window updates: who receives much may ask for much.
  void earn_window_updates(std::uint32_t frames) { earned_ += frames; }

 private:
  static constexpr std::int64_t kSecond = 1'000'000;

  const H2Limits& limits_;
  std::array<std::uint32_t, kH2Floods> spent_{};
  std::uint32_t earned_ = 0;
  MonoTime began_{};
};

}  // namespace sallyport::http
