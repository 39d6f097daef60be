#pragma once

// TrustEntry is one line of a trust store: CAs, a pinned certificate or a pinned key, with the time
// for which it counts and the identity that it gives.

#include <openssl/base.h>
#include <openssl/x509.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/crypto/digest.h"
#include "gateway/crypto/identity_rule.h"
#include "gateway/crypto/verified_certificate.h"

namespace sallyport::tls {

// A pin stands for itself: whoever issued the certificate does not matter, its dates, key and
// purpose do.
enum class TrustKind : std::uint8_t {
  ca,    // a bundle of CAs
  leaf,  // exactly this certificate
  spki,  // any certificate with this key
};
std::string_view to_string(TrustKind kind);

// TrustEntrySpec is an entry as configured.
struct TrustEntrySpec {
  TrustKind kind = TrustKind::ca;
  std::string id;  // a metric label: from configuration, unique in its store
  std::string note;
  std::string file;  // where the PEM came from, for messages
  std::string pem;   // of ca and leaf
  crypto::Sha256 spki{};
  std::int64_t not_before = std::numeric_limits<std::int64_t>::min();  // Unix seconds
  std::int64_t retire_after = std::numeric_limits<std::int64_t>::max();
  // Until then the entries that this one is to replace are kept beside it; operators' tools ask.
  std::int64_t overlap_until = 0;
  crypto::IdentityRule identity;
};

struct TrustEntry {
  TrustKind kind = TrustKind::ca;
  std::string id;
  std::string note;
  std::string file;
  std::int64_t not_before = 0;
  std::int64_t retire_after = 0;
  std::int64_t overlap_until = 0;
  crypto::IdentityRule identity;
  std::vector<crypto::CertificateView> certificates;  // the CAs, or the pinned leaf
  crypto::Sha256 spki{};
  std::vector<bssl::UniquePtr<X509>> ca_objects;  // of kind ca: the same, for the library

  // is_active says whether the entry counts at that time.
  bool is_active(std::int64_t unix_seconds) const {
    return unix_seconds >= not_before && unix_seconds <= retire_after;
  }
};

}  // namespace sallyport::tls
