#pragma once

// TrustStore is a named, immutable set of trust anchors. An anchor is trusted as it stands: an
// issuing CA without its root is enough.

#include <openssl/base.h>
#include <openssl/pool.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/result.h"
#include "gateway/crypto/digest.h"
#include "gateway/crypto/verified_certificate.h"

namespace sallyport::tls {

class TrustStore;

struct LoadedTrustStore {
  std::shared_ptr<const TrustStore> store;
  std::vector<std::string> warnings;  // sentences for the operator
};

class TrustStore {
 public:
  static constexpr std::size_t kMaxAnchors = 1000;
  static constexpr std::size_t kMaxFileBytes = 4 * 1024 * 1024;

  // load reads a PEM bundle of CA certificates. What is no CA certificate is an error, as a leaf
  // put here by mistake would quietly trust nobody; an expired one is a warning, as it must not
  // keep the others from being used. Control thread.
  static Result<LoadedTrustStore> load(std::string name, const std::string& file, WallTime now);
  static Result<LoadedTrustStore> from_pem(std::string name, std::string_view pem, WallTime now,
                                           const std::string& file_name = "trust store");
  // load_system reads the machine's own CA bundle, for outbound connections. Odd certificates in
  // it are left out with a warning: they are not the operator's choice.
  static Result<LoadedTrustStore> load_system(WallTime now);

  std::string_view name() const { return name_; }
  // digest names the content: stores with the same anchors under the same name are the same.
  const crypto::Sha256& digest() const { return digest_; }
  const std::vector<crypto::CertificateView>& anchors() const { return anchors_; }

  // subjects are the DER names of the anchors, to tell clients which certificates are welcome.
  const std::vector<bssl::UniquePtr<CRYPTO_BUFFER>>& subjects() const { return subjects_; }
  X509_STORE* x509() const { return store_.get(); }

  TrustStore(const TrustStore&) = delete;
  TrustStore& operator=(const TrustStore&) = delete;

 private:
  enum class Unfit { refuse, leave_out };

  explicit TrustStore(std::string name) : name_(std::move(name)) {}
  static Result<LoadedTrustStore> build(std::string name, std::string_view pem, WallTime now,
                                        const std::string& file_name, Unfit unfit);
  Result<void> add(const std::string& der);

  std::string name_;
  crypto::Sha256 digest_{};
  std::vector<crypto::CertificateView> anchors_;
  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> subjects_;
  bssl::UniquePtr<X509_STORE> store_;
};

}  // namespace sallyport::tls
