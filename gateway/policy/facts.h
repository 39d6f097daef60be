#pragma once

// Facts are what the policies of a chain have established about a request. A fact's type can only
// be made by whoever checked it, so having one is having checked.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "gateway/net/address.h"
#include "gateway/policy/fact.h"
#include "gateway/policy/location.h"
#include "gateway/policy/token_claims.h"

namespace sallyport::address {
class AddressPolicy;
}
namespace sallyport::bearer {
class TokenVerifier;
}
namespace sallyport::client_cert {
class ClientCertPolicy;
}
namespace sallyport::crypto {
class VerifiedCertificate;
}
namespace sallyport::geo {
class GeoPolicy;
}
namespace sallyport::revocation {
class RevocationPolicy;
}
namespace sallyport::test {
class FactMaker;  // tests/support: makes facts for policies under test
}

namespace sallyport::policy {

class Revocations;
class TokenAuthority;

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

// KnownRevocations says that the revocation module has judged the request and may be asked more.
class KnownRevocations {
 public:
  Revocations& ask() const { return *asked_; }  // lives as long as the exchange

 private:
  friend class revocation::RevocationPolicy;
  explicit KnownRevocations(Revocations& asked) : asked_(&asked) {}
  Revocations* asked_;
};

struct Facts {
  net::Address client_address;    // of whoever calls, after PROXY header or trusted hops
  std::uint16_t client_port = 0;  // zero: not known
  std::optional<AllowlistedAddress> allowlisted;
  std::optional<LocatedAddress> geo;
  std::shared_ptr<const crypto::VerifiedCertificate> client_certificate;  // null: none presented
  std::optional<ClientIdentity> identity;
  std::optional<VerifiedToken> token;
  std::optional<KnownRevocations> revocations;
};

}  // namespace sallyport::policy
