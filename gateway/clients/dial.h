#pragma once

// Dialling: from a name to a connection that can be used, on one loop, without blocking. Names are
// resolved, addresses tried in order, and under TLS the server must prove to be who was meant.

#include <cstdint>
#include <memory>
#include <string>

#include "gateway/base/clock.h"
#include "gateway/event/loop.h"
#include "gateway/event/task.h"
#include "gateway/event/transport.h"

namespace sallyport::tls {
class ClientContext;
}

namespace sallyport::clients {

struct DialTarget {
  std::string host;  // a name or an address, IPv6 without brackets
  std::uint16_t port = 0;
  std::string unix_path;        // instead of host and port
  bool is_secure = false;       // under TLS
  std::string server_name;      // what the certificate must bear; empty: host
  std::string plain_elsewhere;  // what to say of a plain connection that would leave this machine
};

// dial completes with a connection that is open, and shaken hands with, or an error of the
// dependency that names neither host nor port. Without TLS it goes to loopback addresses and Unix
// sockets only. `tls` may be null when the target is not secure. Destroying the task closes what
// was under way.
event::Task<std::unique_ptr<event::Transport>> dial(event::Loop& loop,
                                                    std::shared_ptr<tls::ClientContext> tls,
                                                    DialTarget target, Milliseconds timeout);

}  // namespace sallyport::clients
