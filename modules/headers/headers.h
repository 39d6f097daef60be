#pragma once

// The headers module makes the fields of what is forwarded and of what is answered trustworthy: it
// says who called and how. What a client pretends is removed by the gateway, with or without this
// module.

#include "gateway/policy/module.h"

namespace sallyport::headers {

extern const policy::Module module;

}  // namespace sallyport::headers
