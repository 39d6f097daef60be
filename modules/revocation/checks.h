#pragma once

// The checks of the policy, in the order in which they are made.

#include <cstdint>

namespace sallyport::revocation {

enum class Check : std::uint8_t {
  store,          // the revocations are known
  revocations,    // none is of what the request shows
  oauth_request,  // at an endpoint of OAuth: the request can be read in one way only
  grants,         // what is known of the tokens there can be read, is not revoked, can be written
  freshness,      // of the revocations, where a Redis has them: what is known is refused before
};

}  // namespace sallyport::revocation
