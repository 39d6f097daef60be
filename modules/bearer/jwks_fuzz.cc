// Fuzzes the reader of key sets: every key that it accepts can be found, is of a known family and
// refuses a signature of nothing.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/base/check.h"
#include "modules/bearer/jwks.h"
#include "modules/bearer/jwt.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  using bearer::Algorithm;
  constexpr std::array kAll{Algorithm::rs256, Algorithm::ps256, Algorithm::es256, Algorithm::es384,
                            Algorithm::eddsa};
  const std::string_view document(reinterpret_cast<const char*>(data), size);
  const auto set = bearer::parse_jwks(document, kAll, 1);
  if (!set) {
    SALLYPORT_CHECK(!set.error().text.empty());
    return 0;
  }
  SALLYPORT_CHECK(set->size() > 0 && set->size() <= bearer::kMaxKeys);
  for (const bearer::Key& key : set->keys()) {
    SALLYPORT_CHECK(!key.id.empty() && key.id.size() <= bearer::kMaxKeyIdBytes);
    SALLYPORT_CHECK(set->find(key.id) == &key && !key.algorithms.empty());
    for (const Algorithm algorithm : key.algorithms) {
      SALLYPORT_CHECK(key.key->fits(algorithm) && !key.key->verify(algorithm, "message", ""));
    }
  }
  return 0;
}
