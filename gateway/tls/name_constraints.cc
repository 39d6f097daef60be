#include "gateway/tls/name_constraints.h"

#include <openssl/err.h>
#include <openssl/nid.h>
#include <openssl/obj.h>
#include <openssl/x509v3.h>

#include "gateway/base/text.h"
#include "gateway/crypto/bytes.h"

namespace sallyport::tls {
namespace {

bool is_label(std::string_view label) {
  if (label.empty()) return false;
  for (const char c : label) {
    if (!is_alpha(c) && !is_digit(c) && c != '-' && c != '_') return false;
  }
  return true;
}

// is_within: the base itself and what has more labels on its left. A base with a leading dot, which
// RFC 5280 does not have and CAs write, is a plain suffix; an empty one is every name.
bool is_within(std::string_view name, std::string_view base) {
  if (name.size() < base.size()) return false;
  const std::size_t rest = name.size() - base.size();
  if (!equals_ignoring_case(name.substr(rest), base)) return false;
  return rest == 0 || base.empty() || base.front() == '.' || name[rest - 1] == '.';
}

enum class Subtrees : std::uint8_t { none_of_dns, within, outside };

Subtrees place_of(std::string_view name, const STACK_OF(GENERAL_SUBTREE) * subtrees) {
  Subtrees place = Subtrees::none_of_dns;
  for (std::size_t i = 0; i < sk_GENERAL_SUBTREE_num(subtrees); ++i) {
    const GENERAL_NAME* base = sk_GENERAL_SUBTREE_value(subtrees, i)->base;
    if (base->type != GEN_DNS) continue;
    const ASN1_IA5STRING* text = base->d.dNSName;
    const auto size = static_cast<std::size_t>(ASN1_STRING_length(text));
    if (is_within(name, crypto::view_of(ASN1_STRING_get0_data(text), size))) {
      return Subtrees::within;
    }
    place = Subtrees::outside;
  }
  return place;
}

bool forbids(const X509* issuer, std::string_view name) {
  // By object: finding it by number takes a lock in the library.
  const int at = X509_get_ext_by_OBJ(issuer, OBJ_nid2obj(NID_name_constraints), -1);
  if (at < 0) return false;
  const bssl::UniquePtr<NAME_CONSTRAINTS> constraints(
      static_cast<NAME_CONSTRAINTS*>(X509V3_EXT_d2i(X509_get_ext(issuer, at))));
  ERR_clear_error();
  if (!constraints) return true;
  return place_of(name, constraints->permittedSubtrees) == Subtrees::outside ||
         place_of(name, constraints->excludedSubtrees) == Subtrees::within;
}

}  // namespace

bool has_dns_form(std::string_view name) {
  int labels = 0;
  bool all = true;
  for_each_piece(name, '.', [&](std::string_view label) {
    all = all && is_label(label);
    ++labels;
  });
  return all && labels > 1;
}

bool forbids_dns_name(const PathCandidate& path, std::string_view name) {
  for (std::size_t i = 1; i < path.size(); ++i) {
    if (forbids(path[i].certificate, name)) return true;
  }
  return false;
}

}  // namespace sallyport::tls
