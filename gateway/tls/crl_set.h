#pragma once

// CrlSet is what the revocation lists of a trust store come down to: for each issuer, by its name
// and its key, the serial numbers that are revoked, and which of its certificates each list covers
// (RFC 5280 section 6.3.3). Made once on control, immutable, shared by all workers.

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/result.h"
#include "gateway/crypto/crl_scope.h"
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
  std::string issuer_der;        // Name
  crypto::Sha256 issuer_spki{};  // of the key that signed it
  crypto::CrlScope scope;        // which of its issuer's certificates it covers
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

  // A list may be this much younger than the clock says: clocks differ.
  static constexpr std::int64_t kClockTolerance = 300;  // seconds

  // make verifies each list with the key of its issuer, which must be among `anchors` or in the
  // spec's issuers. Of several lists of one issuer for the same certificates the newest counts. A
  // list whose thisUpdate is in the future is an error. Control thread.
  static Result<LoadedCrls> make(const CrlSpec& spec,
                                 const std::vector<crypto::CertificateView>& anchors, WallTime now);

  struct Refused {
    RefusalReason reason;
    std::string text;
  };
  // judge says why `certificate`, which `issuer` signed, is not good, or nothing. It is revoked
  // when any list of its issuer has its serial number: the numbers of an issuer are unique,
  // whatever a list covers.
  std::optional<Refused> judge(const crypto::CertificateView& certificate,
                               const crypto::CertificateView& issuer, WallTime now) const;
  // revoker is the list that has `certificate`, whose issuer was not established, by the issuer's
  // name alone; null: there is none.
  const CrlList* revoker(const crypto::CertificateView& certificate) const;

  // Window is for how long a good verdict of judge holds, Unix seconds.
  struct Window {
    std::int64_t from = std::numeric_limits<std::int64_t>::min();
    std::int64_t until = std::numeric_limits<std::int64_t>::max();
  };
  Window window(const crypto::CertificateView& certificate, const crypto::CertificateView& issuer,
                WallTime now) const;

  const std::vector<CrlList>& lists() const { return lists_; }
  const crypto::Sha256& digest() const { return digest_; }

 private:
  CrlSet(CrlFailure absent, CrlFailure expired) : absent_(absent), expired_(expired) {}
  void add(CrlList list);
  void seal();
  std::span<const CrlList> lists_of(const crypto::Sha256& issuer_spki) const;
  Refused not_covered(const crypto::CertificateView& certificate,
                      const crypto::CertificateView& issuer) const;

  const CrlFailure absent_;
  const CrlFailure expired_;
  std::vector<CrlList> lists_;
  crypto::Sha256 digest_{};
};

}  // namespace sallyport::tls
