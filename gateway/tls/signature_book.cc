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

Signature SignatureBook::check(X509* subject, const IssuerKey& issuer, SignedBy origin) {
  const Signature before = known(subject, issuer.spki);
  if (before != Signature::not_asked) return before;
  const bool is_presented = origin == SignedBy::presented;
  const std::size_t count = is_presented ? by_presented_ : entries_.size() - by_presented_;
  if (count >= (is_presented ? kMostByPresented : kMostByAnchors)) return Signature::not_asked;
  by_presented_ += is_presented ? 1 : 0;
  const Signature found =
      has_signed(issuer.certificate, subject) ? Signature::good : Signature::bad;
  entries_.push_back({subject, issuer.spki, found});
  return found;
}

Signature SignatureBook::known(const X509* subject, const crypto::Sha256& issuer_spki) const {
  for (const Entry& entry : entries_) {
    if (entry.subject == subject && entry.issuer_spki == issuer_spki) return entry.found;
  }
  return Signature::not_asked;
}

}  // namespace sallyport::tls
