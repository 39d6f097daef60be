#pragma once

// The oauth module guards the endpoints of an authorization server: it remembers whose the issued
// tokens are, refuses refresh tokens of who is revoked, and revokes what the server takes back.

#include "gateway/policy/module.h"

namespace sallyport::oauth {

extern const policy::Module module;

}  // namespace sallyport::oauth
