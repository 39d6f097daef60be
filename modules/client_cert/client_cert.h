#pragma once

// The client_cert module demands a client certificate of the right trust store and name, and gives
// the client an identity. The chain itself was verified in the handshake; here it is matched with
// what this route wants.

#include "gateway/policy/module.h"

namespace sallyport::client_cert {

extern const policy::Module module;

}  // namespace sallyport::client_cert
