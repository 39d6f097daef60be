#include "gateway/tls/trust_store.h"

#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "gateway/base/check.h"
#include "gateway/base/utc.h"
#include "gateway/crypto/bytes.h"
#include "gateway/crypto/certificate.h"
#include "gateway/crypto/certificate_twin.h"
#include "gateway/crypto/pem_file.h"
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

void add_part(std::string& content, std::string_view part) {
  content += crypto::as_text(crypto::sha256(part));
}

void add_rule(std::string& content, const crypto::IdentityRule& rule) {
  add_part(content, rule.name);
  add_part(content, rule.issuer);
  for (const auto& pattern : rule.common_names) add_part(content, "cn" + pattern.text());
  for (const auto& pattern : rule.dns_names) add_part(content, "dns" + pattern.text());
  for (const auto& uri : rule.uris) add_part(content, "uri" + uri);
}

// digest_of covers all that a verdict may depend on. The order of CAs in a bundle is not part of
// it.
std::string digest_of(const TrustEntry& entry) {
  std::vector<crypto::Sha256> digests;
  for (const auto& view : entry.certificates) digests.push_back(view.sha256);
  std::sort(digests.begin(), digests.end());
  std::string content(to_string(entry.kind));
  add_part(content, entry.id);
  add_part(content, std::to_string(entry.not_before) + ":" + std::to_string(entry.retire_after));
  add_rule(content, entry.identity);
  content += crypto::as_text(entry.spki);
  for (const auto& digest : digests) content += crypto::as_text(digest);
  return std::string(crypto::as_text(crypto::sha256(content)));
}

TrustStoreSpec one_bundle(std::string name, std::string pem, const std::string& file) {
  TrustStoreSpec spec;
  TrustEntrySpec entry;
  entry.id = name;
  entry.file = file;
  entry.pem = std::move(pem);
  spec.name = std::move(name);
  spec.entries.push_back(std::move(entry));
  return spec;
}

Result<void> check_ca(X509* certificate, const crypto::CertificateView& view) {
  const bool is_ca = certificate != nullptr && X509_check_ca(certificate) == 1;
  ERR_clear_error();
  if (certificate == nullptr) return Error{Fault::gateway, "is not readable"};
  if (is_ca) return {};
  return Error{Fault::gateway,
               "(" + view.subject + ") is not a CA certificate; put the CA that issued it here"};
}

}  // namespace

Result<LoadedTrustStore> TrustStore::make(TrustStoreSpec spec, WallTime now) {
  return build(std::move(spec), nullptr, now, Unfit::refuse);
}

Result<LoadedTrustStore> TrustStore::load(std::string name, const std::string& file, WallTime now) {
  auto read = read_file(file, kMaxFileBytes);
  if (!read) return read.error();
  const auto taken = crypto::take_certificates(read->text, kMaxAnchors, crypto::PemUse::trust);
  if (!taken) return mistake(file, taken.error().text);
  auto made = make(one_bundle(std::move(name), std::move(read->text), file), now);
  if (made && !taken->told.empty()) made->notes.push_back(file + ": " + taken->told);
  return made;
}

Result<LoadedTrustStore> TrustStore::from_pem(std::string name, std::string_view pem, WallTime now,
                                              const std::string& file_name) {
  return make(one_bundle(std::move(name), std::string(pem), file_name), now);
}

Result<LoadedTrustStore> TrustStore::load_system(WallTime now) {
  std::vector<std::string> bundles{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/cert.pem",
                                   "/etc/ssl/cert.pem"};
  // As with other programs that use the machine's bundle.
  if (const char* other = std::getenv("SSL_CERT_FILE")) bundles = {other};
  for (const std::string& bundle : bundles) {
    auto read = read_file(bundle, kMaxFileBytes);
    if (!read) continue;
    return build(one_bundle("system", std::move(read->text), bundle), nullptr, now,
                 Unfit::leave_out);
  }
  return Error{Fault::gateway, "this machine has no CA bundle (" + bundles.front() +
                                   "): install ca-certificates, or name a file of your own"};
}

Result<LoadedTrustStore> TrustStore::with_entries(std::vector<TrustEntrySpec> entries,
                                                  WallTime now) const {
  TrustStoreSpec spec = spec_;
  spec.entries = std::move(entries);
  return build(std::move(spec), crls_, now, Unfit::refuse);
}

Result<LoadedTrustStore> TrustStore::build(TrustStoreSpec spec, std::shared_ptr<const CrlSet> crls,
                                           WallTime now, Unfit unfit) {
  if (spec.entries.size() > kMaxEntries) {
    return mistake(spec.name, "has more than " + std::to_string(kMaxEntries) + " entries");
  }
  LoadedTrustStore out;
  std::shared_ptr<TrustStore> store(new TrustStore(std::move(spec)));
  std::set<std::string_view> ids;
  for (const TrustEntrySpec& entry : store->spec_.entries) {
    if (!ids.insert(entry.id).second) {
      return mistake(store->name_, "two entries have the id \"" + entry.id + "\"");
    }
    if (auto added = store->add_entry(entry, now, unfit, out.warnings); !added) {
      return added.error();
    }
  }
  store->crls_ = std::move(crls);
  if (store->spec_.crl) {
    auto made = CrlSet::make(*store->spec_.crl, store->anchors_, now);
    if (!made) return made.error();
    out.warnings.insert(out.warnings.end(), made->warnings.begin(), made->warnings.end());
    store->crls_ = std::move(made->set);
    store->spec_.crl.reset();
  }
  store->seal();
  out.store = std::move(store);
  return out;
}

Result<void> TrustStore::add_entry(const TrustEntrySpec& spec, WallTime now, Unfit unfit,
                                   std::vector<std::string>& warnings) {
  TrustEntry entry{.kind = spec.kind,
                   .id = spec.id,
                   .note = spec.note,
                   .file = spec.file,
                   .not_before = spec.not_before,
                   .retire_after = spec.retire_after,
                   .overlap_until = spec.overlap_until,
                   .identity = spec.identity,
                   .certificates = {},
                   .spki = spec.spki,
                   .ca_objects = {}};
  if (spec.kind == TrustKind::ca) {
    if (auto added = add_cas(spec, entry, now, unfit, warnings); !added) return added;
  }
  if (spec.kind == TrustKind::leaf) {
    const auto ders = crypto::read_certificates(spec.pem, 1);
    if (!ders) return mistake(spec.file, ders.error().text);
    auto view = crypto::view_certificate(ders->front());
    if (!view) return mistake(spec.file, view.error().text);
    if (view->not_after < now.unix_seconds()) {
      warnings.push_back(spec.file + ": the pinned certificate of " + view->subject +
                         " expired at " + utc_text(view->not_after) + " and is refused");
    }
    entry.certificates.push_back(std::move(*view));
  }
  entries_.push_back(std::move(entry));
  return {};
}

Result<void> TrustStore::add_cas(const TrustEntrySpec& spec, TrustEntry& entry, WallTime now,
                                 Unfit unfit, std::vector<std::string>& warnings) {
  const auto ders = crypto::read_certificates(spec.pem, kMaxAnchors);
  if (!ders) return mistake(spec.file, ders.error().text);
  for (std::size_t i = 0; i < ders->size(); ++i) {
    const auto added = add_ca((*ders)[i], entry);
    if (!added) {
      const std::string text = "certificate " + std::to_string(i + 1) + " " + added.error().text;
      if (unfit == Unfit::refuse) return mistake(spec.file, text);
      warnings.push_back(spec.file + ": " + text + "; it was left out");
      continue;
    }
    const auto& anchor = entry.certificates.back();
    if (anchor.not_after < now.unix_seconds()) {
      warnings.push_back(spec.file + ": the CA " + anchor.subject + " expired at " +
                         utc_text(anchor.not_after) + "; what it issued will be refused");
    }
  }
  if (entry.certificates.empty()) return mistake(spec.file, "holds no usable CA certificate");
  return {};
}

Result<void> TrustStore::add_ca(const std::string& der, TrustEntry& entry) {
  auto view = crypto::view_certificate(der);
  if (!view) return Error{Fault::gateway, "is not readable: " + view.error().text};
  const std::uint8_t* data = crypto::data_of(der);
  bssl::UniquePtr<X509> certificate(d2i_X509(nullptr, &data, static_cast<long>(der.size())));
  if (auto checked = check_ca(certificate.get(), *view); !checked) return checked;
  const auto is_same = [&](const auto& anchor) { return anchor.sha256 == view->sha256; };
  if (std::any_of(entry.certificates.begin(), entry.certificates.end(), is_same)) return {};
  if (std::none_of(anchors_.begin(), anchors_.end(), is_same)) {
    subjects_.push_back(subject_of(certificate.get()));
    anchors_.push_back(*view);
  }
  entry.certificates.push_back(std::move(*view));
  entry.ca_objects.push_back(std::move(certificate));
  return {};
}

void TrustStore::seal() {
  std::sort(spec_.blocked.begin(), spec_.blocked.end());
  std::string content = name_ + '\0';
  for (const TrustEntry& entry : entries_) content += digest_of(entry);
  content += "blocked";
  for (const auto& blocked : spec_.blocked) content += crypto::as_text(blocked);
  if (crls_) content += crypto::as_text(crls_->digest());
  digest_ = crypto::sha256(content);
}

bool TrustStore::has_pins() const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [](const TrustEntry& entry) { return entry.kind != TrustKind::ca; });
}

bool TrustStore::is_blocked(const crypto::CertificateView& certificate) const {
  const auto& blocked = spec_.blocked;
  if (blocked.empty()) return false;
  const auto has = [&](const crypto::Sha256& digest) {
    return std::binary_search(blocked.begin(), blocked.end(), digest);
  };
  if (has(certificate.sha256) || has(certificate.spki_sha256)) return true;
  const auto twin = crypto::twin_digest(certificate.der);
  return twin && has(*twin);
}

}  // namespace sallyport::tls
