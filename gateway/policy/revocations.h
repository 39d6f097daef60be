#pragma once

// Revocations is what one policy may ask of another that knows what operators have revoked: whether
// a grant is, whether all revocations are known, and to revoke a token itself. The policy of
// modules/revocation gives it as a fact (facts.h); modules/oauth asks it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/event/task.h"
#include "gateway/policy/reason.h"
#include "gateway/policy/verdict.h"

namespace sallyport::policy {

// A name longer than this cannot be revoked, and no token in use has one.
inline constexpr std::size_t kMaxRevocableName = 1024;

// NameKind is what a name of a grant is of.
enum class NameKind : std::uint8_t { subject, client, consent };

constexpr std::string_view to_string(NameKind kind) {
  switch (kind) {
    case NameKind::subject:
      return "subject";
    case NameKind::client:
      return "client";
    case NameKind::consent:
      return "consent";
  }
  return {};
}

// GrantName is one name of a grant. An empty value is none.
struct GrantName {
  NameKind kind;
  std::string_view value;
};

// TokenRevocation revokes one access token.
struct TokenRevocation {
  std::string_view issuer;    // its `iss`; empty: every issuer's token of that name
  std::string_view token_id;  // its jti, or opaque_token_id
  std::int64_t expires = 0;   // Unix seconds: when the revocation may be forgotten
  std::string_view reason;    // for the operator
  std::string_view who;       // the same; cut where it is too long
};

class Revocations {
 public:
  // is_known says whether the revocations have been read: before that, find finds nothing.
  virtual bool is_known() const = 0;
  // may_lag says whether they come from elsewhere, so that some may not be known yet.
  virtual bool may_lag() const = 0;
  // find returns the index of the first name under which what `issuer` granted at `granted_at`
  // (Unix seconds) is revoked. It neither waits nor allocates.
  virtual std::optional<std::size_t> find(const Exchange& exchange, std::string_view issuer,
                                          std::span<const GrantName> names,
                                          std::int64_t granted_at) = 0;
  // judge_certainty allows when it is certain that all revocations are known, and while the chain
  // tolerates that it is not; else it denies with kRevocationsStale or kRevocationsUnknown. It
  // never waits.
  virtual Verdict judge_certainty(Exchange& exchange) = 0;
  // revoke_token completes on the worker's loop when every worker refuses the token and the
  // revocation is on disk.
  virtual event::Task<bool> revoke_token(const TokenRevocation& what) = 0;

 protected:
  ~Revocations() = default;
};

// The reasons of judge_certainty: whoever asks it lists them among its own.
inline constexpr Reason kRevocationsUnknown{
    "revocation.unavailable", ErrorClass::unavailable,
    "The revocations have not been read from their store. The readiness "
    "page says why."};
inline constexpr Reason kRevocationsStale{
    "revocation.stale", ErrorClass::unavailable,
    "It is not certain that all revocations are known: the Redis has given no "
    "proof of life for longer than this route allows."};

}  // namespace sallyport::policy
