#pragma once

// IdleConnections keeps connections between fetches, so that the next need not shake hands again.
// Part of fetch; one loop.

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/event/transport.h"

namespace sallyport::clients {

class IdleConnections {
 public:
  static constexpr std::size_t kMax = 8;  // the oldest goes first
  // Shorter than servers keep theirs, so that few are found closed.
  static constexpr Milliseconds kMaxIdle = Seconds(15);

  void give(std::string authority, std::unique_ptr<event::Transport> transport, MonoTime now);
  // take returns a connection to that authority that seems open, or null.
  std::unique_ptr<event::Transport> take(const std::string& authority, MonoTime now);

 private:
  struct Idle {
    std::string authority;
    std::unique_ptr<event::Transport> transport;
    MonoTime since;
  };
  std::vector<Idle> list_;  // the newest last
};

}  // namespace sallyport::clients
