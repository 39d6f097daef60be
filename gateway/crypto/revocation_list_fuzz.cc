// Any bytes as a revocation list: no crash, and what was read holds together.

#include <cstdint>
#include <string_view>

#include "gateway/base/check.h"
#include "gateway/crypto/revocation_list.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto list = sallyport::crypto::read_revocation_list(bytes);
  if (!list) {
    SALLYPORT_CHECK(!list.error().text.empty());
    return 0;
  }
  for (const char c : list->issuer) SALLYPORT_CHECK(static_cast<unsigned char>(c) >= 0x20);
  for (const char c : sallyport::crypto::describe(list->scope)) {
    SALLYPORT_CHECK(static_cast<unsigned char>(c) >= 0x20);
  }
  SALLYPORT_CHECK(sallyport::crypto::covers(
      list->scope,
      {"", list->scope.of == sallyport::crypto::CrlScope::Of::cas, list->scope.points}));
  SALLYPORT_CHECK(list->serials.size() * 2 <= size);
  SALLYPORT_CHECK(!list->serials.contains("").has_value());
  SALLYPORT_CHECK(!sallyport::crypto::signed_by(*list, bytes));
  return 0;
}
