#pragma once

// SeenCertificates is what one worker notes of the client certificates that were shown to it, until
// control comes for it once a second.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/crypto/digest.h"
#include "gateway/crypto/verified_certificate.h"

namespace sallyport::server {

// Sighting is a certificate with how often, where and when it was shown last.
struct Sighting {
  std::shared_ptr<const crypto::VerifiedCertificate> certificate;
  std::string where;  // "listener/server name", from configuration
  std::uint64_t handshakes = 0;
  std::int64_t last_seen = 0;  // Unix seconds
};

class SeenCertificates {
 public:
  // More certificates than this between two visits are not noted: they verified all the same.
  static constexpr std::size_t kMax = 1024;

  void note(const std::shared_ptr<const crypto::VerifiedCertificate>& certificate,
            std::string_view listener, std::string_view name, WallTime now);
  std::vector<Sighting> take();

 private:
  std::map<crypto::Sha256, Sighting> seen_;
};

}  // namespace sallyport::server
