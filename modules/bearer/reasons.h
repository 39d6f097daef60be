#pragma once

// Every way in which the module says no.

#include <span>

#include "gateway/policy/reason.h"
#include "modules/bearer/jwt.h"

namespace sallyport::bearer::reasons {

extern const policy::Reason kMissing;
extern const policy::Reason kScheme;
extern const policy::Reason kSeveralCredentials;
extern const policy::Reason kOversized;
extern const policy::Reason kMalformed;
extern const policy::Reason kAlgorithmNone;
extern const policy::Reason kAlgorithmNotAllowed;
extern const policy::Reason kCriticalHeader;
extern const policy::Reason kType;
extern const policy::Reason kUnknownIssuer;
extern const policy::Reason kKeysUnavailable;
extern const policy::Reason kKeyUnknown;
extern const policy::Reason kKeyMismatch;
extern const policy::Reason kSignature;
extern const policy::Reason kClaimMissing;
extern const policy::Reason kExpired;
extern const policy::Reason kNotYetValid;
extern const policy::Reason kIssuedInFuture;
extern const policy::Reason kTooOld;
extern const policy::Reason kLifetimeTooLong;
extern const policy::Reason kAudience;
extern const policy::Reason kBoundElsewhere;

// all lists them, in the order in which they are checked.
std::span<const policy::Reason* const> all();

// of returns the reason for a token that could not be read.
const policy::Reason& of(JwtFault fault);

}  // namespace sallyport::bearer::reasons
