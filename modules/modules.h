#pragma once

// The list of all modules, in the order in which they judge.

#include <span>

#include "gateway/policy/module.h"

namespace sallyport {

std::span<const policy::Module* const> all_modules();

}  // namespace sallyport
