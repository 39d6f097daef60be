// How long an HTTP/1.1 connection waits for its client.

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>

#include "gateway/policy/reasons.h"
#include "gateway/server/h1_connection.h"
#include "gateway/server/patience_rules.h"

namespace sallyport::server {

namespace reasons = policy::reasons;

void H1Connection::arm_timer() {
  const Timeouts& timeouts = worker_.generation().timeouts;
  if (state_ == State::closed || state_ == State::lingering) return;
  if (unsent() > 0 && reader_patience_.is_running()) {
    return timer_.arm(reader_patience_.left(worker_.loop().mono()));
  }
  if (state_ == State::idle && requests_ > 0) return timer_.arm(timeouts.keep_alive);
  if (state_ == State::idle || state_ == State::head) {
    // Absolute: a head that trickles does not get more time for it.
    const auto passed = Milliseconds((worker_.loop().mono().us - head_began_.us) / 1000);
    return timer_.arm(std::max(timeouts.request_head - passed, Milliseconds(1)));
  }
  if (body_ == Body::reading && body_patience_.is_running()) {
    return timer_.arm(body_patience_.left(worker_.loop().mono()));
  }
  timer_.disarm();
}

void H1Connection::on_timer() {
  if (state_ == State::lingering || state_ == State::idle) {
    if (state_ == State::idle) transport_->close_write();
    return close();
  }
  if (unsent() > 0 && reader_patience_.is_running()) return on_slow_reader();
  if (state_ == State::head) {
    in_.clear();
    return open_session().refuse(reasons::kHeadTimeout, "http");
  }
  keep_alive_ = false;
  const bool is_silent =
      body_patience_.is_silent(body_rule(worker_.generation()), worker_.loop().mono());
  session_->refuse(is_silent ? reasons::kBodyTimeout : reasons::kBodyTooSlow, "http");
}

void H1Connection::on_slow_reader() {
  watch_reader();
  if (reader_patience_.left(worker_.loop().mono()).count() > 0) return arm_timer();
  if (session_) session_->abandon(reasons::kResponseTooSlow);
  close();
}

// watch_reader looks at what the client has taken: what left us may still wait in the kernel, which
// takes megabytes at once and then nothing for long.
void H1Connection::watch_reader() {
  int queued = 0;
  if (ioctl(transport_->fd(), SIOCOUTQ, &queued) != 0) queued = 0;
  const std::uint64_t waiting = std::min<std::uint64_t>(static_cast<unsigned>(queued), written_);
  const std::uint64_t taken = std::max(written_ - waiting, taken_);
  const MonoTime now = worker_.loop().mono();
  reader_patience_.run(reader_rule(worker_.generation()), now);
  reader_patience_.moved(taken - taken_, reader_rule(worker_.generation()), now);
  taken_ = taken;
}

}  // namespace sallyport::server
