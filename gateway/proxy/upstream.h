#pragma once

// Upstream is a protected API: where its servers are and how long each phase may take.

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <string>
#include <vector>

#include "gateway/base/clock.h"

namespace sallyport::proxy {

// Server is one resolved address of an upstream.
struct Server {
  std::string text;  // "127.0.0.1:8080" or "unix:/run/api.sock", for logs
  sockaddr_storage address{};
  socklen_t length = 0;
};

struct Upstream {
  std::string name;
  std::vector<Server> servers;  // at least one
  std::string host;             // what the Host field says; empty: the client's
  Milliseconds connect_timeout{2'000};
  Milliseconds response_timeout{30'000};  // from the whole request to the answer's head
  Milliseconds idle_timeout{30'000};      // between two pieces of a body, either way
  Milliseconds keep_alive{60'000};        // how long an unused connection is kept
  std::size_t max_connections = 1024;     // of one worker
  std::size_t max_idle = 64;              // of one worker
  std::size_t max_head_bytes = 32 * 1024; // of an answer
};

}  // namespace sallyport::proxy
