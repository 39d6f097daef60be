#include "gateway/crypto/verified_certificate.h"

#include "gateway/base/text.h"
#include "gateway/crypto/certificate_twin.h"
#include "gateway/crypto/digest.h"

namespace sallyport::crypto {

const std::vector<std::string>& VerifiedCertificate::denial_names() const {
  std::call_once(names_made_, [this] { denial_names_ = make_denial_names(); });
  return denial_names_;
}

std::vector<std::string> VerifiedCertificate::make_denial_names() const {
  std::vector<std::string> names;
  const auto add = [&](const Sha256& sha256, const Sha256& spki_sha256, std::string_view der) {
    names.push_back(to_hex(as_text(sha256)));
    if (const auto twin = twin_digest(der)) names.push_back(to_hex(as_text(*twin)));
    names.push_back(to_hex(as_text(spki_sha256)));
  };
  add(view_.sha256, view_.spki_sha256, view_.der);
  for (const PathIssuer& issuer : voucher_.issuers)
    add(issuer.sha256, issuer.spki_sha256, issuer.der);
  return names;
}

}  // namespace sallyport::crypto
