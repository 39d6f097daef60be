#pragma once

// The scope module lets a request pass only if its verified token has the scopes of this route.

#include "gateway/policy/module.h"

namespace sallyport::scope {

extern const policy::Module module;

}  // namespace sallyport::scope
