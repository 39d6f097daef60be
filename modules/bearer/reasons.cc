#include "modules/bearer/reasons.h"

namespace sallyport::bearer::reasons {

using policy::ErrorClass;
using policy::Reason;

constexpr Reason kMissing{"bearer.missing", ErrorClass::unauthenticated,
                          "The request has no Authorization field."};
constexpr Reason kScheme{"bearer.scheme", ErrorClass::unauthenticated,
                         "The Authorization field is of another scheme than Bearer or DPoP."};
constexpr Reason kSeveralCredentials{
    "bearer.several_credentials", ErrorClass::invalid_request,
    "There is more than one Authorization field; RFC 6750 section 2 allows one way at a time."};
constexpr Reason kTokenInQuery{
    "bearer.token_in_query", ErrorClass::invalid_request,
    "The query has an access_token, where it ends up in logs; only the Authorization field is "
    "accepted here."};
constexpr Reason kTokenInBody{
    "bearer.token_in_body", ErrorClass::invalid_request,
    "The form that was sent has an access_token; only the Authorization field is accepted here."};
constexpr Reason kOversized{"bearer.oversized", ErrorClass::invalid_token,
                            "The token is longer than `modules.bearer.token_limit`."};
constexpr Reason kMalformed{
    "bearer.malformed", ErrorClass::invalid_token,
    "The token is no well-formed signed JWT; the evidence names the rule. "
    "Opaque tokens end here, too, when no issuer of the chain introspects."};
constexpr Reason kEncrypted{"bearer.encrypted", ErrorClass::invalid_token,
                            "The token has five parts: encrypted tokens are not read."};
constexpr Reason kNested{"bearer.nested", ErrorClass::invalid_token,
                         "The token's header has cty: a token inside a token is not read."};
constexpr Reason kBase64{
    "bearer.part_encoding", ErrorClass::invalid_token,
    "A part of the token is not strict base64url: padded, followed by something, or with stray "
    "bits at its end. Such a spelling escapes those who remember tokens by their bytes."};
constexpr Reason kDuplicateMember{
    "bearer.duplicate_member", ErrorClass::invalid_token,
    "A member name appears twice in the token, so that two readers can read two tokens."};
constexpr Reason kTooDeep{"bearer.too_deep", ErrorClass::invalid_token,
                          "The token's JSON is nested deeper than any claim needs."};
constexpr Reason kUtf8{"bearer.invalid_text", ErrorClass::invalid_token,
                       "The token's JSON is not valid UTF-8."};
constexpr Reason kNul{"bearer.nul", ErrorClass::invalid_token,
                      "The token's JSON has a NUL, where readers of C strings stop."};
constexpr Reason kNumber{"bearer.number", ErrorClass::invalid_token,
                         "A number in the token does not fit 64 bits."};
constexpr Reason kAlgorithmNone{"bearer.algorithm_none", ErrorClass::invalid_token,
                                "The token says that it is not signed. Somebody is trying."};
constexpr Reason kAlgorithmSymmetric{
    "bearer.algorithm_symmetric", ErrorClass::invalid_token,
    "The token's algorithm is an HMAC, for which the issuer's public key would be the secret. "
    "Somebody is trying."};
constexpr Reason kAlgorithmNotAllowed{
    "bearer.algorithm_not_allowed", ErrorClass::invalid_token,
    "The token is signed with an algorithm that is not in the issuer's `algorithms`."};
constexpr Reason kCriticalHeader{
    "bearer.critical_header", ErrorClass::invalid_token,
    "The token's header has crit, and none of what it may name is known here."};
constexpr Reason kUnencodedPayload{
    "bearer.unencoded_payload", ErrorClass::invalid_token,
    "The token's header has b64 (RFC 7797), which changes what is signed."};
constexpr Reason kCompressed{"bearer.compressed", ErrorClass::invalid_token,
                             "The token's header has zip: nothing is unpacked here."};
constexpr Reason kKeyIdMissing{
    "bearer.key_id_missing", ErrorClass::invalid_token,
    "The token does not name its key (kid). Keys are not tried in turn."};
constexpr Reason kSignatureLength{
    "bearer.signature_length", ErrorClass::invalid_token,
    "The signature has not the one length of its algorithm: r and s in full, nothing more."};
constexpr Reason kSignatureZero{
    "bearer.signature_zero", ErrorClass::invalid_token,
    "r or s of the signature is zero, which some libraries have taken for a signature of "
    "anything. Somebody is trying."};
constexpr Reason kType{"bearer.typ", ErrorClass::invalid_token,
                       "The token's `typ` is not in the issuer's `typ`: it may be an id token. "
                       "Relax the option only for an issuer that marks access tokens otherwise."};
constexpr Reason kUnknownIssuer{
    "bearer.unknown_issuer", ErrorClass::invalid_token,
    "The token's `iss`, or the one that its issuer tells of it, is not that of an "
    "issuer of this chain."};
constexpr Reason kOpaqueOnly{
    "bearer.opaque_only", ErrorClass::invalid_token,
    "The token is a JWT, and its issuer has no `jwks` here: only its opaque tokens are accepted."};
constexpr Reason kKeysUnavailable{
    "bearer.keys_unavailable", ErrorClass::unavailable,
    "There are no keys of the issuer: its key set was never read, or not for longer than `keep`."};
constexpr Reason kKeyDenied{"bearer.key_denied", ErrorClass::invalid_token,
                            "An operator has denied the key with `sallyport keys deny`."};
constexpr Reason kKeyWithdrawn{
    "bearer.key_withdrawn", ErrorClass::invalid_token,
    "The signature is good, but the issuer does not publish its key any more: it was withdrawn "
    "before its tokens had expired, or somebody has stolen it."};
constexpr Reason kKeyReplaced{
    "bearer.key_replaced", ErrorClass::invalid_token,
    "The signature is good, but by a key that its issuer has replaced by another of the same id: "
    "the token is from before that, or somebody has one of the two keys who should not."};
constexpr Reason kKeyUnknown{
    "bearer.key_unknown", ErrorClass::invalid_token,
    "The issuer publishes no usable key of that id; its key set is being read again. If the "
    "issuer has just begun to sign with a new key, it published the key too late."};
constexpr Reason kKeyMismatch{"bearer.key_mismatch", ErrorClass::invalid_token,
                              "The token's algorithm is not the one of the key that it names."};
constexpr Reason kSignature{"bearer.signature", ErrorClass::invalid_token,
                            "The signature is not by the key that the token names: it is forged or "
                            "was altered."};
constexpr Reason kInactive{"bearer.inactive", ErrorClass::invalid_token,
                           "The issuer says that the opaque token is not active: it is expired, "
                           "revoked, or none of its own."};
constexpr Reason kIntrospectionFailed{
    "bearer.introspection_failed", ErrorClass::unavailable,
    "The issuer could not be asked about the opaque token, or its answer makes no sense; the "
    "evidence says which."};
constexpr Reason kIntrospectionBusy{
    "bearer.introspection_busy", ErrorClass::unavailable,
    "So many questions about opaque tokens wait for the issuer's answer that no more are asked."};
constexpr Reason kClaimMissing{"bearer.claim_missing", ErrorClass::invalid_token,
                               "The token lacks a claim that it must have; the evidence names it."};
constexpr Reason kClaimMalformed{
    "bearer.claim_malformed", ErrorClass::invalid_token,
    "A claim of the token is not of its type, such as an exp that is text or before 1970; the "
    "evidence names it."};
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
constexpr Reason kAudience{
    "bearer.audience", ErrorClass::invalid_token,
    "The token is for somebody else: its `aud` has none of `audience`, or it has "
    "one although its issuer has `audience_from: client_id`."};
constexpr Reason kBoundElsewhere{
    "bearer.bound_elsewhere", ErrorClass::invalid_token,
    "The token is bound (`cnf`) to another client certificate than this connection's, or to "
    "something that nobody can prove here. It may be stolen."};
constexpr Reason kNotBound{"bearer.not_bound", ErrorClass::invalid_token,
                           "The token is not bound to what `binding` demands: whoever finds it "
                           "could use it."};
constexpr Reason kDpopAsBearer{
    "bearer.dpop_as_bearer", ErrorClass::invalid_token,
    "The token is bound to a DPoP key and was presented as a plain Bearer token, without proof. It "
    "may be stolen."};
constexpr Reason kDpopUnbound{"bearer.dpop_unbound", ErrorClass::invalid_token,
                              "The token was presented with the scheme DPoP and is bound to no "
                              "key, so that a proof proves nothing."};
constexpr Reason kDpopMissing{"bearer.dpop_missing", ErrorClass::invalid_token,
                              "The request has no DPoP field, or several."};
constexpr Reason kDpopProof{
    "bearer.dpop_proof", ErrorClass::invalid_token,
    "The DPoP proof is not well-formed, or not signed by the key in it; the evidence names the "
    "rule."};
constexpr Reason kDpopKey{"bearer.dpop_key", ErrorClass::invalid_token,
                          "The DPoP proof is by another key than the token is bound to. The token "
                          "may be stolen."};
constexpr Reason kDpopRequest{
    "bearer.dpop_request", ErrorClass::invalid_token,
    "The DPoP proof is for another method or URL. When it is so for all, clients know this API by "
    "another name: see `dpop.origin`."};
constexpr Reason kDpopToken{"bearer.dpop_token", ErrorClass::invalid_token,
                            "The DPoP proof is for another token (ath), or for none."};
constexpr Reason kDpopStale{"bearer.dpop_stale", ErrorClass::invalid_token,
                            "The DPoP proof was made too long ago, or in the future: compare the "
                            "clocks."};
constexpr Reason kDpopNonce{"bearer.dpop_nonce", ErrorClass::invalid_token,
                            "The DPoP proof lacks the nonce, or has an old one. Clients take the "
                            "one from DPoP-Nonce and come again."};
constexpr Reason kDpopReplayed{"bearer.dpop_replayed", ErrorClass::invalid_token,
                               "The DPoP proof was used before. Somebody may have recorded it."};
constexpr Reason kDpopFull{
    "bearer.dpop_full", ErrorClass::unavailable,
    "There is no room to remember the DPoP proof, so that it could be used again: raise "
    "`modules.bearer.dpop_proofs`."};
constexpr Reason kUpstream401{
    "bearer.upstream_refused", ErrorClass::invalid_token,
    "We accepted the token and the API did not: it knows more of it than we do, or less."};

const Reason& of(JwtFault fault) {
  switch (fault) {
    case JwtFault::encrypted:
      return kEncrypted;
    case JwtFault::nested:
      return kNested;
    case JwtFault::header_not_base64url:
    case JwtFault::payload_not_base64url:
    case JwtFault::signature_not_base64url:
      return kBase64;
    case JwtFault::duplicate_member:
      return kDuplicateMember;
    case JwtFault::too_deep:
      return kTooDeep;
    case JwtFault::invalid_utf8:
      return kUtf8;
    case JwtFault::nul:
      return kNul;
    case JwtFault::number_too_large:
      return kNumber;
    case JwtFault::algorithm_none:
      return kAlgorithmNone;
    case JwtFault::algorithm_symmetric:
      return kAlgorithmSymmetric;
    case JwtFault::algorithm_unknown:
      return kAlgorithmNotAllowed;
    case JwtFault::critical:
      return kCriticalHeader;
    case JwtFault::unencoded_payload:
      return kUnencodedPayload;
    case JwtFault::compressed:
      return kCompressed;
    case JwtFault::key_id_missing:
      return kKeyIdMissing;
    case JwtFault::signature_length:
      return kSignatureLength;
    case JwtFault::signature_zero:
      return kSignatureZero;
    case JwtFault::not_three_parts:
    case JwtFault::header_not_json:
    case JwtFault::payload_not_json:
    case JwtFault::signature_empty:
    case JwtFault::type_not_text:
    case JwtFault::algorithm_missing:
    case JwtFault::key_id_too_long:
      return kMalformed;
  }
  return kMalformed;
}

}  // namespace sallyport::bearer::reasons
