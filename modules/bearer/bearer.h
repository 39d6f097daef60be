#pragma once

// The bearer module verifies access tokens: JWTs of the issuers that the configuration names, by
// the keys that those issuers publish. See README.md in this folder.

#include "gateway/policy/module.h"

namespace sallyport::bearer {

extern const policy::Module module;

}  // namespace sallyport::bearer
