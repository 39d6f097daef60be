#pragma once

// Keys whose private halves everybody can read: those that software brings along for development,
// and the examples of standards. A token that such a key signs proves nothing.

#include <string_view>

#include "gateway/crypto/digest.h"

namespace sallyport::bearer {

// known_private_key returns where the private key of that JWK thumbprint (RFC 7638) is published,
// or nothing when it is none that we know.
std::string_view known_private_key(const crypto::Sha256& thumbprint);

}  // namespace sallyport::bearer
