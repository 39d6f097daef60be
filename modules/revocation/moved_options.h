#pragma once

// The options that were this module's and are those of modules/oauth now. A configuration that
// still has them is refused, with the lines to write instead.

#include "gateway/policy/module.h"

namespace sallyport::revocation {

// refuse_moved adds a finding for each moved option in a chain's entry or in the module's shared
// options (null: there are none), and says whether there was any.
bool refuse_moved(const config::Node& entry, const config::Node* shared,
                  policy::LoadContext& context);

}  // namespace sallyport::revocation
