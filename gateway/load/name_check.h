#pragma once

// name_check is for the command line: the running gateway looks names up again and again.

#include "gateway/config/findings.h"
#include "gateway/load/load.h"

namespace sallyport::load {

// warn_of_unresolved looks every name of a server up, and warns of those that cannot be resolved
// now. It waits for the answers, for as long as the resolver's options allow.
void warn_of_unresolved(const Loaded& loaded, config::Findings& findings);

}  // namespace sallyport::load
