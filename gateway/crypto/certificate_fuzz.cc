// Any bytes as a certificate: no crash, and no control character in what becomes of it.

#include <cstdint>
#include <string_view>

#include "gateway/base/check.h"
#include "gateway/crypto/certificate.h"
#include "gateway/crypto/crl_scope.h"
#include "gateway/crypto/public_key.h"

namespace {

void expect_clean(std::string_view text) {
  for (const char c : text) SALLYPORT_CHECK(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto view = sallyport::crypto::view_certificate(bytes)) {
    expect_clean(view->subject);
    expect_clean(view->issuer);
    expect_clean(view->common_name);
    for (const auto& name : view->dns_names) expect_clean(name);
    for (const auto& uri : view->uris) expect_clean(uri);
    if (const auto subject = sallyport::crypto::read_crl_subject(bytes)) {
      SALLYPORT_CHECK(!subject->issuer.empty() && !subject->points.empty());
      SALLYPORT_CHECK(sallyport::crypto::covers({}, *subject));
    }
    const auto spki = sallyport::crypto::certificate_spki(bytes);
    SALLYPORT_CHECK(spki.has_value());
    if (const auto key = sallyport::crypto::PublicKey::from_spki(*spki)) key->thumbprint();
  }
  return 0;
}
