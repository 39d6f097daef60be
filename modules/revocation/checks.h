#pragma once

// The checks of the policy, in the order in which they are made.

#include <cstdint>

namespace sallyport::revocation {

enum class Check : std::uint8_t {
  store,        // the revocations are known
  revocations,  // none is of what the request shows
  freshness,    // of the revocations, where a Redis has them: what is known is refused before
};

}  // namespace sallyport::revocation
