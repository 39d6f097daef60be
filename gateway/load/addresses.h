#pragma once

// Addresses as the configuration writes them, and the sockets bound to them.

#include <sys/socket.h>

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/proxy/server.h"

namespace sallyport::load {

// SocketAddress is a parsed "address:port" (IPv6 in brackets).
struct SocketAddress {
  std::string text;  // canonical: one address has one text
  std::string host;
  std::uint16_t port = 0;
  sockaddr_storage address{};
  socklen_t length = 0;
  bool is_loopback = false;
};

// parse_socket_address accepts literal addresses only; port 0 means any free one.
Result<SocketAddress> parse_socket_address(std::string_view text);

// parse_server reads "host:port", "[v6]:port" or "unix:/path". A name stays one: it is looked up
// while the gateway runs.
Result<proxy::ServerSpec> parse_server(const std::string& text);

// bind_listeners returns `count` non-blocking sockets with SO_REUSEPORT that are bound and do not
// listen yet, one for each worker. Nobody else may have the port, another gateway neither: the
// first is bound without SO_REUSEPORT.
Result<std::vector<int>> bind_listeners(const SocketAddress& address, std::size_t count);

// prepare_listener gives a listening socket of another's making the options that those of
// bind_listeners have, and that accepted connections inherit.
void prepare_listener(int fd);

// start_listening lets connections come to a socket of bind_listeners.
Result<void> start_listening(int fd);

}  // namespace sallyport::load
