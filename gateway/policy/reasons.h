#pragma once

// The reasons that the gateway itself gives, outside every module.

#include <span>

#include "gateway/policy/reason.h"

namespace sallyport::policy::reasons {

extern const Reason kNoRoute;
extern const Reason kMethodNotAllowed;
extern const Reason kAmbiguousPath;
extern const Reason kUnexpectedContent;
extern const Reason kMisdirected;
extern const Reason kPolicyTooSlow;
extern const Reason kFactMissing;
extern const Reason kBodyTooLarge;
extern const Reason kHeadTimeout;
extern const Reason kBodyTimeout;
extern const Reason kBodyTooSlow;
extern const Reason kResponseTooSlow;
extern const Reason kOverhead;
extern const Reason kBadForwarded;
extern const Reason kUpstreamConnect;
extern const Reason kUpstreamTimeout;
extern const Reason kUpstreamClosed;
extern const Reason kUpstreamBroken;
extern const Reason kUpstreamBusy;
extern const Reason kUpstreamTls;
extern const Reason kUpstreamUnresolved;
extern const Reason kUpstreamDown;
extern const Reason kOverloaded;
extern const Reason kUnwritable;
extern const Reason kLogLost;

// all lists them, for documentation and metrics.
std::span<const Reason* const> all();

}  // namespace sallyport::policy::reasons
