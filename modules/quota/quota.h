#pragma once

// The quota module limits how many requests pass, by what a verified token says.

#include "gateway/policy/module.h"

namespace sallyport::quota {

extern const policy::Module module;

}  // namespace sallyport::quota
