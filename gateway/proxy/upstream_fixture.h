#pragma once

#include "gateway/proxy/upstream.h"

namespace sallyport::proxy {

// roomy_upstream has room and time for whatever a test does; the test narrows what it is about.
inline Upstream roomy_upstream() {
  Upstream upstream;
  upstream.connect_timeout = upstream.handshake_timeout = upstream.response_timeout =
      upstream.idle_timeout = upstream.keep_alive = Milliseconds(30'000);
  upstream.queue_timeout = Milliseconds(200);
  upstream.max_connections = 1024;
  upstream.max_idle = 64;
  upstream.max_pending = 128;
  upstream.retries = 1;
  upstream.retry_budget = 20;
  upstream.ejection = {.after = 5, .time = Milliseconds(10'000), .max_percent = 50};
  return upstream;
}

}  // namespace sallyport::proxy
