#pragma once

// TrustStore is a named, immutable set of trust entries, with the revocation lists that go with
// them. An anchor is trusted as it stands: an issuing CA without its root is enough.

#include <openssl/base.h>
#include <openssl/pool.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/result.h"
#include "gateway/crypto/digest.h"
#include "gateway/crypto/verified_certificate.h"
#include "gateway/tls/crl_set.h"
#include "gateway/tls/trust_entry.h"

namespace sallyport::tls {

class TrustStore;

struct LoadedTrustStore {
  std::shared_ptr<const TrustStore> store;
  std::vector<std::string> warnings;  // sentences for the operator
};

// TrustStoreSpec is a store as configured.
struct TrustStoreSpec {
  std::string name;
  std::string directory;  // of the entries, if they are kept in one
  std::vector<TrustEntrySpec> entries;
  // SHA-256 of certificates, or of public keys, that are refused whoever vouches for them.
  std::vector<crypto::Sha256> blocked;
  std::optional<CrlSpec> crl;
};

class TrustStore {
 public:
  static constexpr std::size_t kMaxAnchors = 1000;
  static constexpr std::size_t kMaxEntries = 256;
  static constexpr std::size_t kMaxFileBytes = 4 * 1024 * 1024;

  // make builds a store. What is no CA certificate is an error in an entry of CAs, as a leaf put
  // there by mistake would quietly trust nobody; an expired one is a warning, as it must not keep
  // the others from being used. Control thread.
  static Result<LoadedTrustStore> make(TrustStoreSpec spec, WallTime now);
  // load and from_pem make a store of one entry, a PEM bundle of CAs.
  static Result<LoadedTrustStore> load(std::string name, const std::string& file, WallTime now);
  static Result<LoadedTrustStore> from_pem(std::string name, std::string_view pem, WallTime now,
                                           const std::string& file_name = "trust store");
  // load_system reads the machine's own CA bundle (or $SSL_CERT_FILE): for outbound connections,
  // and to see what our callers see. Odd certificates in it are left out with a warning: they are
  // not the operator's choice.
  static Result<LoadedTrustStore> load_system(WallTime now);

  std::string_view name() const { return name_; }
  // digest names the content: stores with the same entries and lists under the same name are the
  // same.
  const crypto::Sha256& digest() const { return digest_; }
  const std::vector<TrustEntry>& entries() const { return entries_; }
  // anchors are the CAs of all entries.
  const std::vector<crypto::CertificateView>& anchors() const { return anchors_; }
  // subjects are the DER names of the anchors, to tell clients which certificates are welcome.
  const std::vector<bssl::UniquePtr<CRYPTO_BUFFER>>& subjects() const { return subjects_; }
  // has_pins: certificates of other issuers than `subjects` may be welcome.
  bool has_pins() const;
  // crls is null where none were configured.
  const CrlSet* crls() const { return crls_.get(); }
  // is_blocked knows a certificate whichever of its two encodings is shown
  // (crypto/certificate_twin.h), and by its public key.
  bool is_blocked(const crypto::CertificateView& certificate) const;
  // with_entries makes a store like this one, revocation lists included, of other entries: to try
  // what a change would do. entry_specs are those that this one was made of.
  Result<LoadedTrustStore> with_entries(std::vector<TrustEntrySpec> entries, WallTime now) const;
  const std::vector<TrustEntrySpec>& entry_specs() const { return spec_.entries; }
  const std::string& directory() const { return spec_.directory; }

  TrustStore(const TrustStore&) = delete;
  TrustStore& operator=(const TrustStore&) = delete;

 private:
  enum class Unfit { refuse, leave_out };

  explicit TrustStore(TrustStoreSpec spec) : name_(spec.name), spec_(std::move(spec)) {}
  static Result<LoadedTrustStore> build(TrustStoreSpec spec, std::shared_ptr<const CrlSet> crls,
                                        WallTime now, Unfit unfit);
  Result<void> add_entry(const TrustEntrySpec& spec, WallTime now, Unfit unfit,
                         std::vector<std::string>& warnings);
  Result<void> add_cas(const TrustEntrySpec& spec, TrustEntry& entry, WallTime now, Unfit unfit,
                       std::vector<std::string>& warnings);
  Result<void> add_ca(const std::string& der, TrustEntry& entry);
  void seal();

  std::string name_;
  TrustStoreSpec spec_;  // without the revocation lists, which are large
  crypto::Sha256 digest_{};
  std::vector<TrustEntry> entries_;
  std::vector<crypto::CertificateView> anchors_;
  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> subjects_;
  std::shared_ptr<const CrlSet> crls_;
};

}  // namespace sallyport::tls
