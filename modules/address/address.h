#pragma once

// The address module lets a request pass only from listed client addresses. It is one gate more,
// never a replacement of authentication.

#include "gateway/policy/module.h"

namespace sallyport::address {

extern const policy::Module module;

}  // namespace sallyport::address
