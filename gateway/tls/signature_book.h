#pragma once

// SignatureBook verifies who signed which certificate, each pair once, and no more of them than a
// handshake may cost: a peer can send certificates of one name that might all have issued each
// other. Internal to the room; one per chain that is judged.

#include <openssl/base.h>
#include <openssl/x509.h>

#include <cstdint>
#include <vector>

namespace sallyport::tls {

enum class Signature : std::uint8_t { good, bad, not_asked };

class SignatureBook {
 public:
  // More than any honest chain needs: it holds one path and the wrong candidates of a few names.
  static constexpr std::size_t kMost = 32;

  // check verifies the signature on `subject` with the key of `issuer`, unless that is known;
  // not_asked once kMost have been verified.
  Signature check(X509* subject, X509* issuer);
  // known says what was found out so far, and not_asked for what was not.
  Signature known(const X509* subject, const X509* issuer) const;
  bool is_full() const { return entries_.size() >= kMost; }
  std::size_t verified() const { return entries_.size(); }

 private:
  struct Entry {
    const X509* subject;
    const X509* issuer;
    Signature found;
  };
  std::vector<Entry> entries_;
};

}  // namespace sallyport::tls
