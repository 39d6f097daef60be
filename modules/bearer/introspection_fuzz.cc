// Fuzzes the reader of introspection answers: an active one has a client, an audience and times
// that sums cannot overflow.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "gateway/base/check.h"
#include "modules/bearer/introspection.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  bearer::IssuerSettings settings;
  settings.issuer = "https://as.example";
  settings.introspection.emplace();
  const std::string encoded = bearer::form_encoded(body);
  SALLYPORT_CHECK(encoded.find_first_of("&=+ \r\n") == encoded.npos);
  const auto read = bearer::read_introspection(body, settings, 1'800'000'000);
  if (const auto* useless = std::get_if<bearer::UselessAnswer>(&read)) {
    SALLYPORT_CHECK(!useless->text.empty());
    return 0;
  }
  if (const auto* fault = std::get_if<bearer::ClaimFault>(&read)) {
    SALLYPORT_CHECK(!fault->claim.empty());
    return 0;
  }
  const auto* claims = std::get_if<policy::TokenClaims>(&read);
  if (claims == nullptr) return 0;
  SALLYPORT_CHECK(claims->issuer == settings.issuer && !claims->client_id.empty());
  SALLYPORT_CHECK(!claims->audience.empty());
  SALLYPORT_CHECK(claims->issued_at >= 0 && claims->expires_at >= 0);
  SALLYPORT_CHECK(claims->certificate_sha256.empty() || claims->certificate_sha256.size() == 32);
  SALLYPORT_CHECK(claims->key_sha256.empty() || claims->key_sha256.size() == 32);
  return 0;
}
