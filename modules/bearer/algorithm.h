#pragma once

// The signature algorithms of RFC 7518 and RFC 8037 that the module can be told to accept. There is
// no symmetric one and no "none": such a token cannot even be described here.

#include <array>
#include <string_view>
#include <utility>

#include "gateway/crypto/public_key.h"

namespace sallyport::crypto {

// option_names stands in this namespace because the option tables look for it here.
constexpr auto option_names(SignatureAlgorithm) {
  using A = SignatureAlgorithm;
  // The last two are one: RFC 9864 gives EdDSA with Ed25519, the only curve here, a name of its
  // own.
  return std::array<std::pair<std::string_view, A>, 6>{{{"RS256", A::rs256},
                                                        {"PS256", A::ps256},
                                                        {"ES256", A::es256},
                                                        {"ES384", A::es384},
                                                        {"EdDSA", A::eddsa},
                                                        {"Ed25519", A::eddsa}}};
}

}  // namespace sallyport::crypto

namespace sallyport::bearer {

using Algorithm = crypto::SignatureAlgorithm;

}  // namespace sallyport::bearer
