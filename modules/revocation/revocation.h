#pragma once

// The revocation module refuses verified tokens that an operator has revoked: single ones, or all
// of a user, client, consent or signing key.

#include "gateway/policy/module.h"

namespace sallyport::revocation {

extern const policy::Module module;

}  // namespace sallyport::revocation
