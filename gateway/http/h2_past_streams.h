#pragma once

// H2PastStreams remembers, of one connection, how the streams ended that are gone. What RFC 9113
// asks for when a client sends more on such a stream depends on who ended it (section 5.1).

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace sallyport::http {

enum class H2Past : std::uint8_t {
  never_opened,  // passed over: a higher identifier was opened first (section 5.1.1)
  ended_by_client,
  ended_by_us,  // the client may not have known when it sent: what comes is ignored
};

class H2PastStreams {
 public:
  // How many streams that we ended, and how many gaps, are remembered: the last.
  static constexpr std::size_t kMostEnded = 256;
  static constexpr std::size_t kMostGaps = 16;

  // is_new says whether no stream with that identifier or a higher one was opened.
  bool is_new(std::int32_t stream) const { return stream > highest_; }
  // open notes a stream that is new.
  void open(std::int32_t stream);
  // end_by_us notes a stream that we reset or refused before the client had ended it.
  void end_by_us(std::int32_t stream);

  // was_ended_by_us says it of one of the last streams that end_by_us noted.
  bool was_ended_by_us(std::int32_t stream) const;
  // of says it of a stream that is neither new nor open. What was forgotten counts as ended by us.
  H2Past of(std::int32_t stream) const;

 private:
  std::int32_t highest_ = 0;
  std::vector<std::pair<std::int32_t, std::int32_t>>
      gaps_;                         // first and last, of what was passed over
  std::vector<std::int32_t> ended_;  // a ring
  std::size_t next_ = 0;
  std::int32_t forgotten_ = 0;  // the highest that left the ring
};

}  // namespace sallyport::http
