#pragma once

// The reasons of this module. Their ids begin with "revocation" because they are older than the
// module: operators search for them, and an id never changes.

#include "gateway/policy/reason.h"

namespace sallyport::oauth {

inline constexpr policy::Reason kGrant{
    "revocation.grant", policy::ErrorClass::invalid_grant,
    "The user, client or consent of this refresh token was revoked after it "
    "was granted."};
inline constexpr policy::Reason kRequest{
    "revocation.oauth_request", policy::ErrorClass::invalid_request,
    "The request to the token or revocation endpoint is no form that every server "
    "reads in the same way, or lacks a parameter. The evidence says which rule it breaks."};
inline constexpr policy::Reason kGrantsUnavailable{
    "revocation.grants_unavailable", policy::ErrorClass::unavailable,
    "What is known of tokens cannot be read or written. The evidence says "
    "why."};

}  // namespace sallyport::oauth
