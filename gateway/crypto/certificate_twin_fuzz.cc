// Any bytes as a certificate with a twin: the twin of the twin is what it was made of, both are
// equally readable, and they say the same.

#include <cstdint>
#include <string_view>

#include "gateway/base/check.h"
#include "gateway/crypto/certificate.h"
#include "gateway/crypto/certificate_twin.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport::crypto;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto twin = certificate_twin(bytes);
  SALLYPORT_CHECK(twin_digest(bytes).has_value() == twin.has_value());
  if (!twin) return 0;
  SALLYPORT_CHECK(*twin != bytes);
  SALLYPORT_CHECK(certificate_twin(*twin) == bytes);
  SALLYPORT_CHECK(twin_digest(*twin) == sha256(bytes));
  const auto one = view_certificate(bytes), other = view_certificate(*twin);
  // A signature that is some octets longer may pass the bound on a certificate's size.
  if (!one || !other) {
    SALLYPORT_CHECK(!one || twin->size() > kMaxCertificateBytes);
    SALLYPORT_CHECK(!other || bytes.size() > kMaxCertificateBytes);
    return 0;
  }
  SALLYPORT_CHECK(one->subject == other->subject && one->serial == other->serial);
  SALLYPORT_CHECK(one->spki_sha256 == other->spki_sha256 && one->sha256 != other->sha256);
  return 0;
}
