#include "gateway/server/seen_certificates.h"

#include <utility>

namespace sallyport::server {

void SeenCertificates::note(const std::shared_ptr<const crypto::VerifiedCertificate>& certificate,
                            std::string_view listener, std::string_view name, WallTime now) {
  const crypto::Sha256& key = certificate->view().sha256;
  auto found = seen_.find(key);
  if (found == seen_.end()) {
    if (seen_.size() >= kMax) return;
    found = seen_.emplace(key, Sighting{}).first;
  }
  Sighting& sighting = found->second;
  sighting.certificate = certificate;
  sighting.where.assign(listener).append("/").append(name);
  ++sighting.handshakes;
  sighting.last_seen = now.unix_seconds();
}

std::vector<Sighting> SeenCertificates::take() {
  std::vector<Sighting> out;
  for (auto& [key, sighting] : std::exchange(seen_, {})) out.push_back(std::move(sighting));
  return out;
}

}  // namespace sallyport::server
