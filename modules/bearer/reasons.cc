#include "modules/bearer/reasons.h"

#include <array>

namespace sallyport::bearer::reasons {

using policy::ErrorClass;
using policy::Reason;

constexpr Reason kMissing{"bearer.missing", ErrorClass::unauthenticated,
                          "The request has no Authorization field."};
constexpr Reason kScheme{"bearer.scheme", ErrorClass::unauthenticated,
                         "The Authorization field is of another scheme than Bearer."};
constexpr Reason kSeveralCredentials{
    "bearer.several_credentials", ErrorClass::invalid_request,
    "There is more than one Authorization field, or a token in the query, where it ends up in "
    "logs; RFC 6750 section 2 allows one way at a time, and only the field is accepted here."};
constexpr Reason kOversized{"bearer.oversized", ErrorClass::invalid_token,
                            "The token is longer than `modules.bearer.token_limit`."};
constexpr Reason kMalformed{"bearer.malformed", ErrorClass::invalid_token,
                            "The token is no well-formed signed JWT; the evidence names the rule "
                            "or the claim. Opaque tokens end here, too."};
constexpr Reason kAlgorithmNone{"bearer.algorithm_none", ErrorClass::invalid_token,
                                "The token says that it is not signed. Somebody is trying."};
constexpr Reason kAlgorithmNotAllowed{
    "bearer.algorithm_not_allowed", ErrorClass::invalid_token,
    "The token is signed with an algorithm that is not in the issuer's `algorithms`."};
constexpr Reason kCriticalHeader{
    "bearer.critical_header", ErrorClass::invalid_token,
    "The token's header has crit, b64 or zip, which change how it is to be read."};
constexpr Reason kType{"bearer.typ", ErrorClass::invalid_token,
                       "The token's `typ` is not in the issuer's `typ`: it may be an id token. "
                       "Relax the option only for an issuer that marks access tokens otherwise."};
constexpr Reason kUnknownIssuer{"bearer.unknown_issuer", ErrorClass::invalid_token,
                                "The token's `iss` is not that of an issuer of this chain."};
constexpr Reason kKeysUnavailable{
    "bearer.keys_unavailable", ErrorClass::unavailable,
    "There are no keys of the issuer: its key set was never read, or not for longer than `keep`."};
constexpr Reason kKeyUnknown{
    "bearer.key_unknown", ErrorClass::invalid_token,
    "The issuer publishes no usable key of that id; its key set is being read again. If the "
    "issuer has just begun to sign with a new key, it published the key too late."};
constexpr Reason kKeyMismatch{"bearer.key_mismatch", ErrorClass::invalid_token,
                              "The token's algorithm is not the one of the key that it names."};
constexpr Reason kSignature{"bearer.signature", ErrorClass::invalid_token,
                            "The signature is not by the key that the token names: it is forged or "
                            "was altered."};
constexpr Reason kClaimMissing{"bearer.claim_missing", ErrorClass::invalid_token,
                               "The token lacks a claim that it must have; the evidence names it."};
constexpr Reason kExpired{"bearer.expired", ErrorClass::invalid_token,
                          "The token has expired. Clients refresh and come again."};
constexpr Reason kNotYetValid{"bearer.not_yet_valid", ErrorClass::invalid_token,
                              "The token's `nbf` is in the future: compare the clocks."};
constexpr Reason kIssuedInFuture{"bearer.issued_in_future", ErrorClass::invalid_token,
                                 "The token's `iat` is in the future: compare the clocks."};
constexpr Reason kTooOld{
    "bearer.too_old", ErrorClass::invalid_token,
    "The token was issued longer ago than `max_age`, whatever its `exp` says."};
constexpr Reason kLifetimeTooLong{
    "bearer.lifetime_too_long", ErrorClass::invalid_token,
    "The issuer gave the token a longer life than `max_age`: shorten it at the issuer."};
constexpr Reason kAudience{"bearer.audience", ErrorClass::invalid_token,
                           "The token is for somebody else: its `aud` has none of `audience`."};
constexpr Reason kBoundElsewhere{
    "bearer.bound_elsewhere", ErrorClass::invalid_token,
    "The token is bound (`cnf`) to another client certificate than this connection's, or to "
    "something that a bearer token cannot prove, such as a DPoP key. It may be stolen."};

std::span<const Reason* const> all() {
  static constexpr std::array kAll{&kMissing,
                                   &kScheme,
                                   &kSeveralCredentials,
                                   &kOversized,
                                   &kMalformed,
                                   &kAlgorithmNone,
                                   &kAlgorithmNotAllowed,
                                   &kCriticalHeader,
                                   &kUnknownIssuer,
                                   &kType,
                                   &kKeysUnavailable,
                                   &kKeyUnknown,
                                   &kKeyMismatch,
                                   &kSignature,
                                   &kClaimMissing,
                                   &kIssuedInFuture,
                                   &kNotYetValid,
                                   &kExpired,
                                   &kTooOld,
                                   &kLifetimeTooLong,
                                   &kAudience,
                                   &kBoundElsewhere};
  return kAll;
}

const Reason& of(JwtFault fault) {
  switch (fault) {
    case JwtFault::algorithm_none:
      return kAlgorithmNone;
    case JwtFault::algorithm_unknown:
      return kAlgorithmNotAllowed;
    case JwtFault::critical:
    case JwtFault::unencoded_payload:
    case JwtFault::compressed:
      return kCriticalHeader;
    default:
      return kMalformed;
  }
}

}  // namespace sallyport::bearer::reasons
