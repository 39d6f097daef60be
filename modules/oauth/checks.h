#pragma once

// The checks of the policy, in the order in which they are made.

#include <cstdint>
#include <span>

#include "gateway/policy/checks.h"

namespace sallyport::oauth {

enum class Check : std::uint8_t {
  oauth_request,  // the request can be read in one way only
  grants,         // what is known of its tokens can be read, is not revoked, can be written
  freshness,      // of the revocations, where they may lag: what is known is refused before
};

// all_checks lists what the policy asks, with all that it can say.
std::span<const policy::Check> all_checks();

}  // namespace sallyport::oauth
