#pragma once

// Every rule of HTTP that a message can break, as a reason: the http room knows no policies, and
// refusals know nothing but reasons.

#include <span>

#include "gateway/http/violation.h"
#include "gateway/policy/reason.h"

namespace sallyport::server {

const policy::Reason& reason_of(http::Violation violation);
std::span<const policy::Reason> violation_reasons();

}  // namespace sallyport::server
