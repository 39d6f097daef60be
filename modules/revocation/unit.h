#pragma once

// Unit is what a revocation names: one token, or all tokens that have something in common.

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/policy/revocations.h"

namespace sallyport::revocation {

// The numbers are stored on disk.
enum class Unit : std::uint8_t {
  token = 1,    // one token, by its jti
  subject = 2,  // all tokens of a user
  client = 3,   // all tokens of a client
  consent = 4,  // all tokens under a consent
  key = 5,      // all tokens signed by a key, by its kid
  // Every connection of a client certificate, whatever token comes over it: by a fingerprint, in
  // lower-case hexadecimal, that VerifiedCertificate::denial_names has.
  certificate = 6,
};

inline constexpr std::array<Unit, 6> kUnits = {Unit::token,   Unit::subject, Unit::client,
                                               Unit::consent, Unit::key,     Unit::certificate};

// unit_name is the unit's name in orders and metrics: the claim or header parameter that it is of.
constexpr std::string_view unit_name(Unit unit) {
  switch (unit) {
    case Unit::token:
      return "jti";
    case Unit::subject:
      return "subject";
    case Unit::client:
      return "client";
    case Unit::consent:
      return "consent";
    case Unit::key:
      return "kid";
    case Unit::certificate:
      return "cert";
  }
  return {};
}

constexpr std::optional<Unit> unit_of(std::string_view name) {
  for (const Unit unit : kUnits) {
    if (unit_name(unit) == name) return unit;
  }
  return std::nullopt;
}

constexpr std::size_t index_of(Unit unit) { return static_cast<std::size_t>(unit) - 1; }

// certificate_value returns a fingerprint as it is stored: people write it with capitals and
// colons, too. Nothing: it is none.
std::optional<std::string> certificate_value(std::string_view fingerprint);

// token_value returns the name of a token as it is stored: a digest that stands for an opaque token
// (policy/opaque_token.h) in lower case, whoever wrote it; everything else as it is.
std::string token_value(std::string value);
// is_digest says whether a token's name is such a digest, in whatever case.
bool is_digest(std::string_view value);

// A value or issuer longer than this cannot be revoked, and no token in use has one.
inline constexpr std::size_t kMaxName = policy::kMaxRevocableName;

// Cut-off of a revocation that holds whenever the token was issued; end of one that never ends.
inline constexpr std::int64_t kAlways = std::numeric_limits<std::int64_t>::max();

}  // namespace sallyport::revocation
