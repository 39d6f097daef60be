#pragma once

// Why a connection ends before its TLS handshake has begun. There is nobody yet to send an answer
// to: the socket is closed, the operator gets a log line and a count.

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "gateway/base/clock.h"
#include "gateway/base/token_bucket.h"
#include "gateway/server/peer.h"

namespace sallyport::server {

class WorkerState;

enum class ConnectionRefusal : std::uint8_t {
  proxy_header_untrusted_peer,
  proxy_header_invalid,
  proxy_header_closed,
  proxy_header_timeout,
  limit,
  address_limit,
  address_rate,
  handshake_limit,
  memory,
  descriptors,
};
inline constexpr std::size_t kConnectionRefusals =
    static_cast<std::size_t>(ConnectionRefusal::descriptors) + 1;

struct ConnectionReason {
  std::string_view id;    // "connection.limit": log field and metric label
  std::string_view help;  // for the operator
};

const ConnectionReason& reason_of(ConnectionRefusal refusal);
std::span<const ConnectionReason> connection_reasons();

// tell_refusal counts and logs a refused connection; closing it is the caller's part. In a flood
// only a part of the lines is written, and the next one says how many were not.
void tell_refusal(WorkerState& worker, ConnectionRefusal refusal, std::string_view listener,
                  const Peer& peer, std::string_view detail = {});

// LineBudget limits what refused connections may write into the log of one worker.
class LineBudget {
 public:
  static constexpr int kLinesPerSecond = 50;

  // take says whether a line may be written now.
  bool take(MonoTime now) {
    const bool may = lines_.take(TokenRate::per_second(kLinesPerSecond, kLinesPerSecond), now);
    if (!may) ++suppressed_;
    return may;
  }
  // suppressed returns how many lines were not written since it was last asked.
  std::uint64_t suppressed() { return std::exchange(suppressed_, 0); }

 private:
  TokenBucket lines_;
  std::uint64_t suppressed_ = 0;
};

}  // namespace sallyport::server
