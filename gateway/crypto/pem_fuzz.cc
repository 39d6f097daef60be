// Any text as a PEM file: no crash, what is taken comes back when written anew, and no line with
// -----BEGIN is passed over.

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/check.h"
#include "gateway/crypto/pem.h"
#include "gateway/crypto/pem_file.h"

namespace {

std::size_t occurrences(std::string_view text, std::string_view what) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string_view::npos; ++at) ++count;
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport::crypto;  // NOLINT
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr std::size_t kLimit = 100;
  if (const auto blocks = read_pem(text, kLimit)) {
    SALLYPORT_CHECK(occurrences(text, "-----BEGIN") == blocks->size());
    SALLYPORT_CHECK(occurrences(text, "-----END") == blocks->size());
    std::string again;
    for (const PemBlock& block : *blocks) again += write_pem(block.label, block.der);
    const auto second = read_pem(again, kLimit);
    SALLYPORT_CHECK(second && second->size() == blocks->size());
    for (std::size_t i = 0; i < blocks->size(); ++i) {
      SALLYPORT_CHECK((*second)[i].der == (*blocks)[i].der);
      SALLYPORT_CHECK((*second)[i].label == (*blocks)[i].label);
    }
  } else {
    for (const char c : blocks.error().text) SALLYPORT_CHECK(c >= ' ' && c <= '~');
  }
  const auto trusted = take_certificates(text, kLimit, PemUse::trust);
  const auto shown = take_certificates(text, kLimit, PemUse::show);
  SALLYPORT_CHECK(!trusted || (shown && shown->ders == trusted->ders));
  (void)take_lists(text, kLimit);
  (void)take_key(text);
  return 0;
}
