#pragma once

// Credentials are a certificate chain with its private key: one unit, checked when loaded and
// immutable after, so that a server never holds a new certificate with an old key.

#include <openssl/base.h>
#include <openssl/pool.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/result.h"
#include "gateway/crypto/digest.h"
#include "gateway/crypto/verified_certificate.h"

namespace sallyport::tls {

class Credentials;

// Warnings and notes are sentences for the operator. With warnings the credentials work, but not as
// one would wish.
struct LoadedCredentials {
  std::shared_ptr<const Credentials> credentials;
  std::vector<std::string> warnings;
  std::vector<std::string> notes;  // what was taken of files that hold several blocks
};

class Credentials {
 public:
  static constexpr std::size_t kMaxChain = 6;
  static constexpr std::size_t kMaxFileBytes = 256 * 1024;

  // load reads the chain (leaf first, then its issuer, and so on; the root may be left out) and
  // the key (PKCS#8, RSA or EC, not encrypted) from PEM files, which may be one and the same. RSA
  // of 2048 bits or more, P-256 and P-384 are accepted. Errors name the file and what to do.
  // Control thread.
  static Result<LoadedCredentials> load(const std::string& certificate_file,
                                        const std::string& key_file, WallTime now);
  // from_pem does the same from memory; the names stand for the files in messages.
  static Result<LoadedCredentials> from_pem(std::string_view chain_pem, std::string_view key_pem,
                                            WallTime now,
                                            const std::string& certificate_name = "certificate",
                                            const std::string& key_name = "key");

  const crypto::CertificateView& leaf() const { return leaf_; }
  std::span<CRYPTO_BUFFER* const> chain() const { return chain_pointers_; }
  EVP_PKEY* key() const { return key_.get(); }

  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;

 private:
  Credentials() = default;

  crypto::CertificateView leaf_;
  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> chain_;
  std::vector<CRYPTO_BUFFER*> chain_pointers_;  // of chain_, as the library wants them
  bssl::UniquePtr<EVP_PKEY> key_;
};

}  // namespace sallyport::tls
