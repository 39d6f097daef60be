#pragma once

// The headers module makes the fields of what is forwarded and of what is answered trustworthy: it
// removes whatever a client could pretend and says itself who called and how.

#include "gateway/policy/module.h"

namespace sallyport::headers {

extern const policy::Module module;

}  // namespace sallyport::headers
