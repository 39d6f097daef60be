#include "gateway/tls/trust_store.h"

#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "gateway/base/check.h"
#include "gateway/crypto/bytes.h"
#include "gateway/crypto/certificate.h"
#include "gateway/tls/file_text.h"

namespace sallyport::tls {
namespace {

Error mistake(const std::string& name, const std::string& text) {
  return {Fault::gateway, name + ": " + text};
}

bssl::UniquePtr<CRYPTO_BUFFER> subject_of(X509* certificate) {
  std::uint8_t* der = nullptr;
  const int size = i2d_X509_NAME(X509_get_subject_name(certificate), &der);
  SALLYPORT_CHECK(size > 0);
  const bssl::UniquePtr<std::uint8_t> owned(der);
  return bssl::UniquePtr<CRYPTO_BUFFER>(
      CRYPTO_BUFFER_new(der, static_cast<std::size_t>(size), nullptr));
}

crypto::Sha256 digest_of(std::string_view name, const std::vector<crypto::CertificateView>& all) {
  std::vector<crypto::Sha256> digests;
  for (const auto& view : all) digests.push_back(view.sha256);
  std::sort(digests.begin(), digests.end());
  std::string content = std::string(name) + '\0';
  for (const auto& digest : digests) content += crypto::as_text(digest);
  return crypto::sha256(content);
}

}  // namespace

Result<LoadedTrustStore> TrustStore::load(std::string name, const std::string& file, WallTime now) {
  const auto read = read_file(file, kMaxFileBytes);
  if (!read) return read.error();
  return from_pem(std::move(name), read->text, now, file);
}

Result<LoadedTrustStore> TrustStore::from_pem(std::string name, std::string_view pem, WallTime now,
                                              const std::string& file_name) {
  return build(std::move(name), pem, now, file_name, Unfit::refuse);
}

Result<LoadedTrustStore> TrustStore::load_system(WallTime now) {
  constexpr std::array kBundles{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/cert.pem",
                                "/etc/ssl/cert.pem"};
  for (const char* bundle : kBundles) {
    const auto read = read_file(bundle, kMaxFileBytes);
    if (read) return build("system", read->text, now, bundle, Unfit::leave_out);
  }
  return Error{Fault::gateway,
               "this machine has no CA bundle (/etc/ssl/certs/ca-certificates.crt): install "
               "ca-certificates, or name a file of your own"};
}

Result<LoadedTrustStore> TrustStore::build(std::string name, std::string_view pem, WallTime now,
                                           const std::string& file_name, Unfit unfit) {
  const auto ders = crypto::read_certificates(pem, kMaxAnchors);
  if (!ders) return mistake(file_name, ders.error().text);

  LoadedTrustStore out;
  std::shared_ptr<TrustStore> store(new TrustStore(std::move(name)));
  store->store_.reset(X509_STORE_new());
  SALLYPORT_CHECK(store->store_);
  for (std::size_t i = 0; i < ders->size(); ++i) {
    const auto added = store->add((*ders)[i]);
    if (!added) {
      const std::string text = "certificate " + std::to_string(i + 1) + " " + added.error().text;
      if (unfit == Unfit::refuse) return mistake(file_name, text);
      out.warnings.push_back(file_name + ": " + text + "; it was left out");
      continue;
    }
    const auto& anchor = store->anchors_.back();
    if (anchor.not_after < now.unix_seconds()) {
      out.warnings.push_back(file_name + ": the CA " + anchor.subject + " expired at " +
                             utc_text(anchor.not_after) + "; what it issued will be refused");
    }
  }
  if (store->anchors_.empty()) return mistake(file_name, "holds no usable CA certificate");
  store->digest_ = digest_of(store->name_, store->anchors_);
  out.store = std::move(store);
  return out;
}

Result<void> TrustStore::add(const std::string& der) {
  auto view = crypto::view_certificate(der);
  if (!view) return Error{Fault::gateway, "is not readable: " + view.error().text};
  const std::uint8_t* data = crypto::data_of(der);
  const bssl::UniquePtr<X509> certificate(d2i_X509(nullptr, &data, static_cast<long>(der.size())));
  const bool is_ca = certificate && X509_check_ca(certificate.get()) == 1;
  ERR_clear_error();
  if (!certificate) return Error{Fault::gateway, "is not readable"};
  if (!is_ca) {
    return Error{Fault::gateway,
                 "(" + view->subject + ") is not a CA certificate; put the CA that issued it here"};
  }
  const bool is_known = std::any_of(anchors_.begin(), anchors_.end(), [&](const auto& anchor) {
    return anchor.sha256 == view->sha256;
  });
  if (!is_known) SALLYPORT_CHECK(X509_STORE_add_cert(store_.get(), certificate.get()) == 1);
  subjects_.push_back(subject_of(certificate.get()));
  anchors_.push_back(std::move(*view));
  return {};
}

}  // namespace sallyport::tls
