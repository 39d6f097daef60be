// Any text: what decodes must encode to the very same text, as there is one text for one value.

#include <cstdint>
#include <string_view>

#include "gateway/base/check.h"
#include "gateway/crypto/base64.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto bytes = sallyport::crypto::decode_base64url(text)) {
    SALLYPORT_CHECK(sallyport::crypto::encode_base64url(*bytes) == text);
  }
  return 0;
}
