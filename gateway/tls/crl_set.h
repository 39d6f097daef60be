#pragma once

// CrlSet is what the revocation lists of a trust store come down to: for each issuer's key, the
// serial numbers that are revoked. Made once on control, immutable, shared by all workers.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/result.h"
#include "gateway/crypto/revocation_list.h"
#include "gateway/crypto/verified_certificate.h"
#include "gateway/tls/refusal.h"

namespace sallyport::tls {

// CrlFailure says what to do without a list that counts: hard_fail refuses the certificate.
enum class CrlFailure : std::uint8_t { hard_fail, soft_fail };
constexpr auto option_names(CrlFailure) {
  return std::array<std::pair<std::string_view, CrlFailure>, 2>{
      {{"hard_fail", CrlFailure::hard_fail}, {"soft_fail", CrlFailure::soft_fail}}};
}

// CrlSpec is the revocation lists of a store as configured.
struct CrlSpec {
  struct File {
    std::string name;
    std::shared_ptr<const std::string> content;  // DER or PEM
  };
  std::vector<File> files;
  std::string issuers_pem;   // CAs between anchors and leaves, whose lists are among the files
  std::string issuers_file;  // its name, for messages
  CrlFailure absent = CrlFailure::hard_fail;
  CrlFailure expired = CrlFailure::hard_fail;
};

// CrlList is one issuer's list.
struct CrlList {
  std::string file;
  std::string issuer;            // RFC 4514 text
  crypto::Sha256 issuer_spki{};  // of the key that signed it
  std::int64_t this_update = 0;
  std::int64_t next_update = 0;
  crypto::Sha256 sha256{};
  crypto::SerialSet serials;
};

class CrlSet;

struct LoadedCrls {
  std::shared_ptr<const CrlSet> set;
  std::vector<std::string> warnings;
};

class CrlSet {
 public:
  static constexpr std::size_t kMaxFiles = 256;

  // make verifies each list with the key of its issuer, which must be among `anchors` or in the
  // spec's issuers. Of several lists of one issuer the newest counts. Control thread.
  static Result<LoadedCrls> make(const CrlSpec& spec,
                                 const std::vector<crypto::CertificateView>& anchors, WallTime now);

  struct Refused {
    RefusalReason reason;
    std::string text;
  };
  // judge says why `serial` (hexadecimal) of the issuer with this key is not good, or nothing.
  std::optional<Refused> judge(const crypto::Sha256& issuer_spki, std::string_view issuer,
                               std::string_view serial, WallTime now) const;
  // revokes looks by the issuer's name alone, for certificates whose issuer was not established.
  bool revokes(std::string_view issuer, std::string_view serial) const;
  // holds_until is when a good verdict about this issuer's certificates ends.
  std::int64_t holds_until(const crypto::Sha256& issuer_spki) const;

  const std::vector<CrlList>& lists() const { return lists_; }
  const crypto::Sha256& digest() const { return digest_; }

 private:
  CrlSet(CrlFailure absent, CrlFailure expired) : absent_(absent), expired_(expired) {}
  const CrlList* find(const crypto::Sha256& issuer_spki) const;
  void add(CrlList list);
  void seal();

  const CrlFailure absent_;
  const CrlFailure expired_;
  std::vector<CrlList> lists_;
  crypto::Sha256 digest_{};
};

}  // namespace sallyport::tls
