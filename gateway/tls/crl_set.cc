#include "gateway/tls/crl_set.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <limits>

#include "gateway/base/utc.h"
#include "gateway/crypto/bytes.h"
#include "gateway/crypto/certificate.h"

namespace sallyport::tls {
namespace {

Error mistake(const std::string& name, const std::string& text) {
  return {Fault::gateway, name + ": " + text};
}

// Issuer is a certificate that may have signed a list.
struct Issuer {
  crypto::CertificateView view;
  bssl::UniquePtr<X509> x509;
};

std::optional<Issuer> parse_issuer(const crypto::CertificateView& view) {
  const std::uint8_t* data = crypto::data_of(view.der);
  Issuer issuer{
      view, bssl::UniquePtr<X509>(d2i_X509(nullptr, &data, static_cast<long>(view.der.size())))};
  ERR_clear_error();
  if (!issuer.x509) return std::nullopt;
  return issuer;
}

Result<std::vector<Issuer>> issuers_of(const CrlSpec& spec,
                                       const std::vector<crypto::CertificateView>& anchors) {
  constexpr std::size_t kMaxIssuers = 1000;
  std::vector<Issuer> issuers;
  for (const auto& anchor : anchors) {
    if (auto issuer = parse_issuer(anchor)) issuers.push_back(std::move(*issuer));
  }
  if (spec.issuers_pem.empty()) return issuers;
  const auto ders = crypto::read_certificates(spec.issuers_pem, kMaxIssuers);
  if (!ders) return mistake(spec.issuers_file, ders.error().text);
  for (const std::string& der : *ders) {
    const auto view = crypto::view_certificate(der);
    auto issuer = view ? parse_issuer(*view) : std::nullopt;
    if (!issuer) return mistake(spec.issuers_file, "a certificate is not readable");
    issuers.push_back(std::move(*issuer));
  }
  return issuers;
}

// may_sign: RFC 5280 section 6.3.3 (f): a key usage, where there is one, includes cRLSign.
bool may_sign(X509* issuer) {
  const bool may = (X509_get_key_usage(issuer) & KU_CRL_SIGN) != 0;
  ERR_clear_error();
  return may;
}

bool has_name(X509* issuer, std::string_view name_der) {
  const std::uint8_t* data = crypto::data_of(name_der);
  const bssl::UniquePtr<X509_NAME> name(
      d2i_X509_NAME(nullptr, &data, static_cast<long>(name_der.size())));
  ERR_clear_error();
  return name && X509_NAME_cmp(X509_get_subject_name(issuer), name.get()) == 0;
}

const Issuer* signer_of(const crypto::RevocationList& list, const std::vector<Issuer>& issuers) {
  for (const Issuer& issuer : issuers) {
    if (!has_name(issuer.x509.get(), list.issuer_der) || !may_sign(issuer.x509.get())) continue;
    const auto spki = crypto::certificate_spki(issuer.view.der);
    if (spki && crypto::signed_by(list, *spki)) return &issuer;
  }
  return nullptr;
}

Result<CrlList> read_list(const CrlSpec::File& file, const std::vector<Issuer>& issuers) {
  auto read = crypto::read_revocation_list(*file.content);
  if (!read) return mistake(file.name, read.error().text);
  const Issuer* issuer = signer_of(*read, issuers);
  if (issuer == nullptr) {
    return mistake(file.name,
                   "no CA of the trust store (nor of crl.issuers) that may sign "
                   "revocation lists has signed this one of " +
                       read->issuer);
  }
  return CrlList{file.name,         read->issuer, issuer->view.spki_sha256, read->this_update,
                 read->next_update, read->sha256, std::move(read->serials)};
}

}  // namespace

Result<LoadedCrls> CrlSet::make(const CrlSpec& spec,
                                const std::vector<crypto::CertificateView>& anchors, WallTime now) {
  if (spec.files.size() > kMaxFiles) {
    return Error{Fault::gateway, "more than " + std::to_string(kMaxFiles) + " revocation lists"};
  }
  const auto issuers = issuers_of(spec, anchors);
  if (!issuers) return issuers.error();
  LoadedCrls out;
  std::shared_ptr<CrlSet> set(new CrlSet(spec.absent, spec.expired));
  for (const CrlSpec::File& file : spec.files) {
    auto list = read_list(file, *issuers);
    if (!list) return list.error();
    set->add(std::move(*list));
  }
  for (const CrlList& list : set->lists_) {
    if (list.next_update >= now.unix_seconds()) continue;
    out.warnings.push_back(list.file + ": the revocation list of " + list.issuer +
                           " was to be renewed by " + utc_text(list.next_update) +
                           (spec.expired == CrlFailure::hard_fail
                                ? "; certificates of this issuer are refused"
                                : "; it is used as it is"));
  }
  set->seal();
  out.set = std::move(set);
  return out;
}

void CrlSet::add(CrlList list) {
  for (CrlList& known : lists_) {
    if (known.issuer_spki != list.issuer_spki) continue;
    if (list.this_update > known.this_update) known = std::move(list);
    return;
  }
  lists_.push_back(std::move(list));
}

void CrlSet::seal() {
  std::sort(lists_.begin(), lists_.end(),
            [](const auto& a, const auto& b) { return a.issuer_spki < b.issuer_spki; });
  std::string content = {absent_ == CrlFailure::hard_fail ? 'h' : 's',
                         expired_ == CrlFailure::hard_fail ? 'h' : 's'};
  for (const CrlList& list : lists_) {
    content += crypto::as_text(list.issuer_spki);
    content += crypto::as_text(list.sha256);
  }
  digest_ = crypto::sha256(content);
}

const CrlList* CrlSet::find(const crypto::Sha256& issuer_spki) const {
  const auto found = std::lower_bound(
      lists_.begin(), lists_.end(), issuer_spki,
      [](const CrlList& list, const crypto::Sha256& key) { return list.issuer_spki < key; });
  return found != lists_.end() && found->issuer_spki == issuer_spki ? &*found : nullptr;
}

std::optional<CrlSet::Refused> CrlSet::judge(const crypto::Sha256& issuer_spki,
                                             std::string_view issuer, std::string_view serial,
                                             WallTime now) const {
  const CrlList* list = find(issuer_spki);
  if (list == nullptr) {
    if (absent_ == CrlFailure::soft_fail) return std::nullopt;
    return Refused{RefusalReason::crl_absent,
                   "there is no revocation list of " + std::string(issuer)};
  }
  const auto revoked = list->serials.contains(serial);
  if (!revoked) {
    return Refused{RefusalReason::malformed, "the serial number is longer than 20 octets"};
  }
  if (*revoked) {
    return Refused{RefusalReason::revoked, "serial " + std::string(serial) +
                                               " is on the revocation list of " + list->issuer};
  }
  if (now.unix_seconds() <= list->next_update || expired_ == CrlFailure::soft_fail) {
    return std::nullopt;
  }
  return Refused{RefusalReason::crl_expired, "the revocation list of " + list->issuer +
                                                 " was to be renewed by " +
                                                 utc_text(list->next_update)};
}

bool CrlSet::revokes(std::string_view issuer, std::string_view serial) const {
  return std::any_of(lists_.begin(), lists_.end(), [&](const CrlList& list) {
    return list.issuer == issuer && list.serials.contains(serial).value_or(true);
  });
}

std::int64_t CrlSet::holds_until(const crypto::Sha256& issuer_spki) const {
  const CrlList* list = find(issuer_spki);
  if (list == nullptr || expired_ == CrlFailure::soft_fail) {
    return std::numeric_limits<std::int64_t>::max();
  }
  return list->next_update;
}

}  // namespace sallyport::tls
