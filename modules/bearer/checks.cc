#include "modules/bearer/checks.h"

#include <array>

#include "modules/bearer/reasons.h"

namespace sallyport::bearer {
namespace {

using policy::check;
using policy::Needed;
using policy::Reason;
using namespace reasons;

constexpr std::array kOfCredential{&kMissing,     &kScheme,    &kSeveralCredentials, &kTokenInQuery,
                                   &kTokenInBody, &kOversized, &kMalformed};
constexpr std::array kOfForm{&kMalformed,
                             &kEncrypted,
                             &kNested,
                             &kBase64,
                             &kDuplicateMember,
                             &kTooDeep,
                             &kUtf8,
                             &kNul,
                             &kNumber,
                             &kAlgorithmNone,
                             &kAlgorithmSymmetric,
                             &kAlgorithmNotAllowed,
                             &kCriticalHeader,
                             &kUnencodedPayload,
                             &kCompressed,
                             &kKeyIdMissing,
                             &kSignatureLength,
                             &kSignatureZero};
constexpr std::array kOfIssuer{&kClaimMissing, &kClaimMalformed, &kUnknownIssuer, &kOpaqueOnly,
                               &kType};
constexpr std::array kOfIntrospection{&kInactive, &kIntrospectionFailed, &kIntrospectionBusy};
constexpr std::array kOfSignature{&kAlgorithmNotAllowed, &kKeysUnavailable, &kKeyDenied,
                                  &kKeyWithdrawn,        &kKeyReplaced,     &kKeyUnknown,
                                  &kKeyMismatch,         &kSignature};
constexpr std::array kOfClaims{&kClaimMissing, &kClaimMalformed, &kAudience, &kUnknownIssuer,
                               &kBoundElsewhere};
constexpr std::array kOfTimes{&kIssuedInFuture, &kNotYetValid, &kExpired};
constexpr std::array kOfAge{&kTooOld, &kLifetimeTooLong};
constexpr std::array kOfAudience{&kAudience};
constexpr std::array kOfBinding{&kNotBound};
constexpr std::array kOfCertificate{&kBoundElsewhere};
constexpr std::array kOfDpop{&kDpopAsBearer, &kDpopUnbound,  &kDpopMissing, &kDpopProof,
                             &kDpopKey,      &kDpopRequest,  &kDpopToken,   &kDpopStale,
                             &kDpopNonce,    &kDpopReplayed, &kDpopFull};
constexpr std::array kOfAnswer{&kUpstream401};

}  // namespace

std::span<const policy::Check> checks() {
  static constexpr std::array kAll{
      check(Check::credential, "credential", kOfCredential),
      check(Check::remembered, "remembered", {}, Needed::sometimes),
      check(Check::form, "form", kOfForm, Needed::sometimes),
      check(Check::issuer, "issuer", kOfIssuer),
      check(Check::introspection, "introspection", kOfIntrospection, Needed::sometimes),
      check(Check::signature, "signature", kOfSignature, Needed::sometimes),
      check(Check::claims, "claims", kOfClaims, Needed::sometimes),
      check(Check::times, "times", kOfTimes),
      check(Check::age, "age", kOfAge),
      check(Check::audience, "audience", kOfAudience),
      check(Check::binding, "binding", kOfBinding),
      check(Check::certificate, "certificate", kOfCertificate, Needed::sometimes),
      check(Check::dpop, "dpop", kOfDpop, Needed::sometimes),
      check(Check::answer, "answer", kOfAnswer, Needed::sometimes),
  };
  return kAll;
}

}  // namespace sallyport::bearer
