#pragma once

// The geo module judges by where the client's address is said to be: country, continent, ASN. It is
// one gate more, never a replacement of authentication; what databases say of an address is a
// guess.

#include "gateway/policy/module.h"

namespace sallyport::geo {

extern const policy::Module module;

}  // namespace sallyport::geo
