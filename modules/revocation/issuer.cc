#include "modules/revocation/issuer.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/crypto/digest.h"

namespace sallyport::revocation {
namespace {

constexpr std::string_view kScheme = "sha256:";

}  // namespace

bool is_issuer_id(std::string_view text) {
  if (text.size() != kScheme.size() + kIssuerDigits || !text.starts_with(kScheme)) return false;
  text.remove_prefix(kScheme.size());
  return std::ranges::all_of(text, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

std::string issuer_id(std::string_view issuer) {
  if (issuer.empty() || is_issuer_id(issuer)) return std::string(issuer);
  const crypto::Sha256 digest = crypto::sha256(issuer);
  return std::string(kScheme) + to_hex(crypto::as_text(digest).substr(0, kIssuerDigits / 2));
}

std::string_view IssuerIds::of(std::string_view issuer) {
  if (issuer.empty()) return {};
  for (const Known& known : known_) {
    if (known.issuer == issuer) return known.id;
  }
  Known& place = known_[next_++ % known_.size()];
  place = {std::string(issuer), issuer_id(issuer)};
  return place.id;
}

}  // namespace sallyport::revocation
