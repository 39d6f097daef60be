#pragma once

// How an issuer is named wherever revocations are compared: in the set, on disk and in Redis. The
// keys in Redis are written by other programs, for which a URL with colons is a trap; so it is a
// hash there, and the same one everywhere: whoever revokes, by whichever name, revokes the same.

#include <array>
#include <string>
#include <string_view>

namespace sallyport::revocation {

// The first 16 hexadecimal digits of SHA-256 of `iss`.
inline constexpr std::size_t kIssuerDigits = 16;

// issuer_id returns "sha256:" with the issuer's digits; an id stays what it is, and empty, which is
// every issuer, stays empty.
std::string issuer_id(std::string_view issuer);

bool is_issuer_id(std::string_view text);

// IssuerIds remembers the ids of the issuers that a worker meets, which are few.
class IssuerIds {
 public:
  // of returns the id; valid until the next call.
  std::string_view of(std::string_view issuer);

 private:
  struct Known {
    std::string issuer;
    std::string id;
  };
  std::array<Known, 8> known_;
  std::size_t next_ = 0;
};

}  // namespace sallyport::revocation
