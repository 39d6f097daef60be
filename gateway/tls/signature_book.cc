#include "gateway/tls/signature_book.h"

#include <openssl/err.h>
#include <openssl/evp.h>

namespace sallyport::tls {
namespace {

bool has_signed(X509* issuer, X509* subject) {
  const bssl::UniquePtr<EVP_PKEY> key(X509_get_pubkey(issuer));
  const bool has = key && X509_verify(subject, key.get()) == 1;
  ERR_clear_error();
  return has;
}

}  // namespace

Signature SignatureBook::check(X509* subject, X509* issuer) {
  const Signature before = known(subject, issuer);
  if (before != Signature::not_asked || is_full()) return before;
  const Signature found = has_signed(issuer, subject) ? Signature::good : Signature::bad;
  entries_.push_back({subject, issuer, found});
  return found;
}

Signature SignatureBook::known(const X509* subject, const X509* issuer) const {
  for (const Entry& entry : entries_) {
    if (entry.subject == subject && entry.issuer == issuer) return entry.found;
  }
  return Signature::not_asked;
}

}  // namespace sallyport::tls
