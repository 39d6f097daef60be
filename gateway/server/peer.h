#pragma once

#include "gateway/net/endpoint.h"
#include "gateway/server/connection_tally.h"

namespace sallyport::server {

// Peer is who is at the other end of a connection, as far as the connection itself tells.
struct Peer {
  net::Endpoint client;
  net::Endpoint proxy;  // the balancer whose PROXY header named the client; none: the socket did
};

// Accepted is a connection that was let in. Whoever takes it owns the descriptor.
struct Accepted {
  int fd = -1;
  Peer peer;
  ConnectionTally::Seat seat;
};

}  // namespace sallyport::server
