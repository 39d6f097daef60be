#pragma once

// settle is what a verdict comes to, under the options that are the gateway's own business.

#include <cstdint>

#include "gateway/policy/chain.h"
#include "gateway/policy/exchange.h"
#include "gateway/policy/verdict.h"

namespace sallyport::policy {

// settle adds a verdict that is no wait to the trail and says whether the exchange goes on: observe
// mode and fail-open let a refusal pass.
bool settle(Exchange& exchange, const ChainEntry& entry, const Verdict& verdict,
            std::int64_t microseconds);

}  // namespace sallyport::policy
