#include "gateway/tls/credentials.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "gateway/base/check.h"
#include "gateway/base/utc.h"
#include "gateway/crypto/bytes.h"
#include "gateway/crypto/certificate.h"
#include "gateway/crypto/pem_file.h"
#include "gateway/crypto/public_key.h"
#include "gateway/tls/file_text.h"

namespace sallyport::tls {
namespace {

using crypto::data_of;

Error mistake(const std::string& name, const std::string& text) {
  return {Fault::gateway, name + ": " + text};
}

bssl::UniquePtr<EVP_PKEY> parse_key(std::string_view der) {
  const std::uint8_t* data = data_of(der);
  bssl::UniquePtr<EVP_PKEY> key(d2i_AutoPrivateKey(nullptr, &data, static_cast<long>(der.size())));
  ERR_clear_error();
  return key;
}

Result<bssl::UniquePtr<EVP_PKEY>> read_key(std::string_view pem, const std::string& name,
                                           std::vector<std::string>& notes) {
  auto taken = crypto::take_key(pem);
  if (!taken) return mistake(name, taken.error().text);
  auto key = parse_key(taken->block.der);
  if (!key) return mistake(name, "the private key cannot be read; PKCS#8, RSA and EC are known");
  if (!taken->told.empty()) notes.push_back(name + ": " + taken->told);
  return key;
}

bssl::UniquePtr<X509> parse_certificate(std::string_view der) {
  const std::uint8_t* data = data_of(der);
  bssl::UniquePtr<X509> certificate(d2i_X509(nullptr, &data, static_cast<long>(der.size())));
  ERR_clear_error();
  return certificate;
}

// check_order makes sure that each certificate was issued by the next one.
Result<void> check_order(const std::vector<std::string>& ders, const std::string& name) {
  bssl::UniquePtr<X509> previous;
  for (std::size_t i = 0; i < ders.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    auto certificate = parse_certificate(ders[i]);
    if (!certificate) return mistake(name, "certificate " + number + " cannot be read");
    if (previous) {
      const bssl::UniquePtr<EVP_PKEY> issuer_key(X509_get_pubkey(certificate.get()));
      const bool issued = issuer_key != nullptr &&
                          X509_NAME_cmp(X509_get_issuer_name(previous.get()),
                                        X509_get_subject_name(certificate.get())) == 0 &&
                          X509_verify(previous.get(), issuer_key.get()) == 1;
      ERR_clear_error();
      if (!issued) {
        return mistake(name, "certificate " + number + " did not issue certificate " +
                                 std::to_string(i) +
                                 "; put the leaf first, then its issuer, and so on");
      }
    }
    previous = std::move(certificate);
  }
  return {};
}

Result<void> check_leaf(const std::string& der, EVP_PKEY* key, const std::string& certificate_name,
                        const std::string& key_name) {
  const auto spki = crypto::certificate_spki(der);
  if (!spki) return mistake(certificate_name, spki.error().text);
  const auto leaf_key = crypto::PublicKey::from_spki(*spki);
  if (!leaf_key) return mistake(certificate_name, leaf_key.error().text);
  if (leaf_key->type() == crypto::KeyType::ed25519) {
    return mistake(certificate_name,
                   "Ed25519 keys are not understood by most TLS clients; use "
                   "P-256 or RSA");
  }
  const auto certificate = parse_certificate(der);
  if (!certificate) return mistake(certificate_name, "the first certificate cannot be read");
  const bssl::UniquePtr<EVP_PKEY> certified(X509_get_pubkey(certificate.get()));
  const bool matches = certified && EVP_PKEY_cmp(certified.get(), key) == 1;
  ERR_clear_error();
  if (!matches) {
    return mistake(key_name, "does not belong to the first certificate in " + certificate_name +
                                 "; the leaf must come first, and the key must be the one it was "
                                 "made for");
  }
  return {};
}

void warn_about_time(const std::vector<crypto::CertificateView>& chain, const std::string& name,
                     WallTime now, std::vector<std::string>& warnings) {
  for (const auto& view : chain) {
    if (view.not_after < now.unix_seconds()) {
      warnings.push_back(name + ": the certificate of " + view.subject + " expired at " +
                         utc_text(view.not_after) + "; clients will refuse it");
    } else if (view.not_before > now.unix_seconds()) {
      warnings.push_back(name + ": the certificate of " + view.subject + " is not valid before " +
                         utc_text(view.not_before));
    }
  }
}

}  // namespace

Result<LoadedCredentials> Credentials::load(const std::string& certificate_file,
                                            const std::string& key_file, WallTime now) {
  auto chain = read_file(certificate_file, kMaxFileBytes);
  if (!chain) return chain.error();
  auto key = read_file(key_file, kMaxFileBytes);
  if (!key) return key.error();
  auto loaded = from_pem(chain->text, key->text, now, certificate_file, key_file);
  if (loaded && key->others_can_read) {
    loaded->warnings.push_back(key_file +
                               ": every user of this machine can read this private key; chmod o-r");
  }
  return loaded;
}

Result<LoadedCredentials> Credentials::from_pem(std::string_view chain_pem,
                                                std::string_view key_pem, WallTime now,
                                                const std::string& certificate_name,
                                                const std::string& key_name) {
  const auto taken = crypto::take_certificates(chain_pem, kMaxChain, crypto::PemUse::show);
  if (!taken) return mistake(certificate_name, taken.error().text);
  const std::vector<std::string>& ders = taken->ders;
  LoadedCredentials out;
  if (!taken->told.empty()) out.notes.push_back(certificate_name + ": " + taken->told);
  std::vector<crypto::CertificateView> views;
  for (const std::string& der : ders) {
    auto view = crypto::view_certificate(der);
    if (!view) return mistake(certificate_name, view.error().text);
    views.push_back(std::move(*view));
  }
  auto key = read_key(key_pem, key_name, out.notes);
  if (!key) return key.error();
  auto leaf_checked = check_leaf(ders.front(), key->get(), certificate_name, key_name);
  if (!leaf_checked) return leaf_checked.error();
  auto order_checked = check_order(ders, certificate_name);
  if (!order_checked) return order_checked.error();

  warn_about_time(views, certificate_name, now, out.warnings);
  std::shared_ptr<Credentials> credentials(new Credentials);
  credentials->leaf_ = std::move(views.front());
  credentials->key_ = std::move(*key);
  for (const std::string& der : ders) {
    bssl::UniquePtr<CRYPTO_BUFFER> buffer(CRYPTO_BUFFER_new(data_of(der), der.size(), nullptr));
    SALLYPORT_CHECK(buffer);
    credentials->chain_pointers_.push_back(buffer.get());
    credentials->chain_.push_back(std::move(buffer));
  }
  out.credentials = std::move(credentials);
  return out;
}

}  // namespace sallyport::tls
