#pragma once

// Names the failure of a handshake from the library's queue of errors. Internal to the room.

#include <cstdint>

#include "gateway/tls/handshake.h"
#include "gateway/tls/socket_bio.h"

namespace sallyport::tls {

// library_failure judges `error`, the first entry of the queue (zero: there was none), and the
// state of the socket.
HandshakeResult library_failure(std::uint32_t error, const SocketBio& socket);

}  // namespace sallyport::tls
