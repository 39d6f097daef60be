#pragma once

// Facts are what the policies of a chain have established about a request. A fact's type can only
// be made by whoever checked it, so having one is having checked.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/crypto/verified_certificate.h"
#include "gateway/net/address.h"

namespace sallyport::address {
class AddressPolicy;
}
namespace sallyport::bearer {
class TokenVerifier;
}
namespace sallyport::client_cert {
class ClientCertPolicy;
}
namespace sallyport::geo {
class GeoPolicy;
}
namespace sallyport::test {
class FactMaker;  // tests/support: makes facts for policies under test
}

namespace sallyport::policy {

class TokenAuthority;

// TokenClaims is the content of a verified token that others may judge by. Times are Unix seconds;
// a missing claim is an empty string or zero.
struct TokenClaims {
  std::string issuer;
  std::string subject;
  std::string client_id;
  std::string token_id;    // jti
  std::string opaque_id;   // of an opaque token, see opaque_token.h; empty for a JWT
  std::string key_id;      // kid of the key that verified it
  std::string consent_id;
  std::string scope_text;  // space separated
  std::vector<std::string> scopes;
  std::vector<std::string> audience;
  std::int64_t issued_at = 0;  // zero: the issuer does not say, so it is before every cut-off
  // Where issued_at is not known: when the token was first seen here, which is no earlier. It serves
  // the token's age and nothing else.
  std::int64_t first_seen_at = 0;
  std::int64_t not_before = 0;
  std::int64_t expires_at = 0;
  std::string certificate_sha256;  // cnf.x5t#S256, 32 raw bytes when bound
  std::string key_sha256;          // cnf.jkt (RFC 9449 section 6.1), 32 raw bytes when bound
};

// VerifiedToken proves that the bearer module has verified a token for this very request.
class VerifiedToken {
 public:
  const TokenClaims& claims() const { return *claims_; }
  // authority may be asked about `presented` again; null: nobody can be. The token's octets are for
  // the authority alone, and live as long as the exchange.
  TokenAuthority* authority() const { return authority_; }
  std::string_view presented() const { return presented_; }

 private:
  friend class bearer::TokenVerifier;
  friend class test::FactMaker;
  explicit VerifiedToken(std::shared_ptr<const TokenClaims> claims,
                         TokenAuthority* authority = nullptr, std::string_view presented = {})
      : claims_(std::move(claims)), authority_(authority), presented_(presented) {}
  std::shared_ptr<const TokenClaims> claims_;
  TokenAuthority* authority_;
  std::string_view presented_;
};

// ClientIdentity proves that the client's certificate matched an identity rule of client_cert.
class ClientIdentity {
 public:
  std::string_view name() const { return name_; }  // from configuration

 private:
  friend class client_cert::ClientCertPolicy;
  friend class test::FactMaker;
  explicit ClientIdentity(std::string_view name) : name_(name) {}
  std::string_view name_;
};

// AllowlistedAddress proves that the address module found the client in the route's `allow` list.
class AllowlistedAddress {
 private:
  friend class address::AddressPolicy;
  friend class test::FactMaker;
  AllowlistedAddress() = default;
};

// Location is what databases know of an address. A code is two capital letters, or two zeros when it
// is not known.
struct Location {
  std::array<char, 2> country_code{};    // ISO 3166-1 alpha-2
  std::array<char, 2> continent_code{};
  std::uint32_t asn = 0;                 // zero: not known

  std::string_view country() const { return text(country_code); }
  std::string_view continent() const { return text(continent_code); }
  friend bool operator==(const Location&, const Location&) = default;

 private:
  static std::string_view text(const std::array<char, 2>& code) {
    return {code.data(), code[0] == 0 ? 0 : code.size()};
  }
};

// LocatedAddress says that the geo module has looked the client's address up.
class LocatedAddress {
 public:
  const Location& location() const { return location_; }
  // tags are the names of the `tag` rules that cover it, comma separated.
  std::string_view tags() const { return tags_; }

 private:
  friend class geo::GeoPolicy;
  friend class test::FactMaker;
  LocatedAddress(const Location& location, std::string_view tags)
      : location_(location), tags_(tags) {}
  Location location_;
  std::string_view tags_;  // from configuration, or in the exchange's arena
};

struct Facts {
  net::Address client_address;  // of whoever calls, after PROXY header or trusted hops
  std::uint16_t client_port = 0;  // zero: not known
  std::optional<AllowlistedAddress> allowlisted;
  std::optional<LocatedAddress> geo;
  std::shared_ptr<const crypto::VerifiedCertificate> client_certificate;  // null: none presented
  std::optional<ClientIdentity> identity;
  std::optional<VerifiedToken> token;
};

// Fact names what a module may need from those before it; the order of every chain is checked
// against it at load.
enum class Fact : std::uint8_t { identity, token };
std::string_view to_string(Fact fact);

}  // namespace sallyport::policy
