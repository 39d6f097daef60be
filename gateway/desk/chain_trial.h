#pragma once

// A chain that is judged without a connection, by a store and at a time of the operator's choice.

#include <string>
#include <string_view>
#include <vector>

#include "gateway/crypto/verified_certificate.h"
#include "gateway/tls/chain_verifier.h"

namespace sallyport::desk {

// try_chain judges `ders`, leaf first and not empty, as a client's.
tls::ChainVerifier::Verdict try_chain(const std::vector<std::string>& ders,
                                      const tls::TrustStore& store, WallTime at);

}  // namespace sallyport::desk
