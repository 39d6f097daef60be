#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "gateway/net/address.h"

namespace sallyport::net {

// Endpoint is one end of a connection.
struct Endpoint {
  Address address;         // Family::none: not known
  std::uint16_t port = 0;  // zero: not known

  // from_socket returns nothing known for a Unix socket.
  static Endpoint from_socket(const sockaddr_storage& socket) {
    const auto* address = reinterpret_cast<const sockaddr*>(&socket);
    // The ports of both families are at the same place.
    static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
    sockaddr_in v4;
    std::memcpy(&v4, &socket, sizeof v4);
    const bool has_port = socket.ss_family == AF_INET || socket.ss_family == AF_INET6;
    return {Address::from_socket(address), has_port ? ntohs(v4.sin_port) : std::uint16_t{0}};
  }

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

}  // namespace sallyport::net
