#pragma once

// The rate module limits how many requests pass, by what is known before any token is looked at.

#include "gateway/policy/module.h"

namespace sallyport::rate {

extern const policy::Module module;

}  // namespace sallyport::rate
