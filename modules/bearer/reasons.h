#pragma once

// Every way in which the module says no; checks.h says by which check.

#include "gateway/policy/reason.h"
#include "modules/bearer/jwt.h"

namespace sallyport::bearer::reasons {

extern const policy::Reason kMissing;
extern const policy::Reason kScheme;
extern const policy::Reason kSeveralCredentials;
extern const policy::Reason kTokenInQuery;
extern const policy::Reason kTokenInBody;
extern const policy::Reason kOversized;
extern const policy::Reason kMalformed;
extern const policy::Reason kEncrypted;
extern const policy::Reason kNested;
extern const policy::Reason kBase64;
extern const policy::Reason kDuplicateMember;
extern const policy::Reason kTooDeep;
extern const policy::Reason kUtf8;
extern const policy::Reason kNul;
extern const policy::Reason kNumber;
extern const policy::Reason kAlgorithmNone;
extern const policy::Reason kAlgorithmSymmetric;
extern const policy::Reason kAlgorithmNotAllowed;
extern const policy::Reason kCriticalHeader;
extern const policy::Reason kUnencodedPayload;
extern const policy::Reason kCompressed;
extern const policy::Reason kKeyIdMissing;
extern const policy::Reason kSignatureLength;
extern const policy::Reason kSignatureZero;
extern const policy::Reason kType;
extern const policy::Reason kUnknownIssuer;
extern const policy::Reason kOpaqueOnly;
extern const policy::Reason kKeysUnavailable;
extern const policy::Reason kKeyDenied;
extern const policy::Reason kKeyWithdrawn;
extern const policy::Reason kKeyReplaced;
extern const policy::Reason kKeyUnknown;
extern const policy::Reason kKeyMismatch;
extern const policy::Reason kSignature;
extern const policy::Reason kInactive;
extern const policy::Reason kIntrospectionFailed;
extern const policy::Reason kIntrospectionBusy;
extern const policy::Reason kClaimMissing;
extern const policy::Reason kClaimMalformed;
extern const policy::Reason kExpired;
extern const policy::Reason kNotYetValid;
extern const policy::Reason kIssuedInFuture;
extern const policy::Reason kTooOld;
extern const policy::Reason kLifetimeTooLong;
extern const policy::Reason kAudience;
extern const policy::Reason kBoundElsewhere;
extern const policy::Reason kNotBound;
extern const policy::Reason kDpopAsBearer;
extern const policy::Reason kDpopUnbound;
extern const policy::Reason kDpopMissing;
extern const policy::Reason kDpopProof;
extern const policy::Reason kDpopKey;
extern const policy::Reason kDpopRequest;
extern const policy::Reason kDpopToken;
extern const policy::Reason kDpopStale;
extern const policy::Reason kDpopNonce;
extern const policy::Reason kDpopReplayed;
extern const policy::Reason kDpopFull;
extern const policy::Reason kUpstream401;

// of returns the reason for a token that could not be read.
const policy::Reason& of(JwtFault fault);

}  // namespace sallyport::bearer::reasons
