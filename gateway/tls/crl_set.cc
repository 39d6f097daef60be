#include "gateway/tls/crl_set.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "gateway/base/utc.h"
#include "gateway/crypto/bytes.h"
#include "gateway/crypto/certificate.h"
#include "gateway/crypto/distinguished_name.h"

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

bool has_name(const Issuer& issuer, const std::string& name_der) {
  const auto name = crypto::certificate_subject(issuer.view.der);
  return name && crypto::same_name(*name, name_der);
}

const Issuer* signer_of(const crypto::RevocationList& list, const std::vector<Issuer>& issuers) {
  for (const Issuer& issuer : issuers) {
    if (!has_name(issuer, list.issuer_der) || !may_sign(issuer.x509.get())) continue;
    const auto spki = crypto::certificate_spki(issuer.view.der);
    if (spki && crypto::signed_by(list, *spki)) return &issuer;
  }
  return nullptr;
}

Result<CrlList> read_list(const CrlSpec::File& file, const std::vector<Issuer>& issuers,
                          WallTime now) {
  auto read = crypto::read_revocation_list(*file.content);
  if (!read) return mistake(file.name, read.error().text);
  const Issuer* issuer = signer_of(*read, issuers);
  if (issuer == nullptr) {
    return mistake(file.name,
                   "no CA of the trust store (nor of crl.issuers) that may sign "
                   "revocation lists has signed this one of " +
                       read->issuer);
  }
  if (read->this_update > now.unix_seconds() + CrlSet::kClockTolerance) {
    return mistake(file.name, "the revocation list of " + read->issuer +
                                  " is from the future: its " + "thisUpdate is " +
                                  utc_text(read->this_update) +
                                  ". Either this machine's clock or that of the CA is wrong");
  }
  return CrlList{file.name,
                 read->issuer,
                 std::move(read->issuer_der),
                 issuer->view.spki_sha256,
                 std::move(read->scope),
                 read->this_update,
                 read->next_update,
                 read->sha256,
                 std::move(read->serials)};
}

bool is_for_the_same(const CrlList& a, const CrlList& b) {
  return a.issuer_spki == b.issuer_spki && a.scope == b.scope &&
         crypto::same_name(a.issuer_der, b.issuer_der);
}

// is_current: RFC 5280 section 6.3.3 takes no list before its thisUpdate. None is loaded before it;
// the clock may have been set back since.
bool is_current(const CrlList& list, WallTime now) {
  return list.this_update <= now.unix_seconds() + CrlSet::kClockTolerance;
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
    auto list = read_list(file, *issuers, now);
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

// add keeps the newest. Of two of the same second both are kept, since nobody can tell which is the
// later.
void CrlSet::add(CrlList list) {
  const auto is_older = [&](const CrlList& known, const CrlList& other) {
    return is_for_the_same(known, other) && known.this_update < other.this_update;
  };
  for (const CrlList& known : lists_) {
    if (known.sha256 == list.sha256 || is_older(list, known)) return;
  }
  std::erase_if(lists_, [&](const CrlList& known) { return is_older(known, list); });
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

std::span<const CrlList> CrlSet::lists_of(const crypto::Sha256& issuer_spki) const {
  const auto first = std::ranges::lower_bound(lists_, issuer_spki, {}, &CrlList::issuer_spki);
  const auto last = std::ranges::upper_bound(lists_, issuer_spki, {}, &CrlList::issuer_spki);
  return {first, last};
}

// not_covered says what is there instead of the list that is needed.
CrlSet::Refused CrlSet::not_covered(const crypto::CertificateView& certificate,
                                    const crypto::CertificateView& issuer) const {
  const std::string none = "there is no revocation list of " + certificate.issuer;
  const auto subject = crypto::read_crl_subject(certificate.der);
  for (const CrlList& list : lists_of(issuer.spki_sha256)) {
    if (!crypto::same_name(list.issuer_der, subject->issuer)) {
      return {RefusalReason::crl_absent,
              none + "; that of " + list.issuer +
                  " has the same key, but is for certificates of that name"};
    }
    const std::string which = list.file.substr(list.file.rfind('/') + 1);
    if (!crypto::covers(list.scope, *subject)) {
      return {RefusalReason::crl_absent, none + " that covers " + certificate.subject + "; " +
                                             which + " covers " + crypto::describe(list.scope)};
    }
    return {RefusalReason::crl_absent, none + " yet: " + which +
                                           " is from the future (thisUpdate " +
                                           utc_text(list.this_update) + ")"};
  }
  return {RefusalReason::crl_absent, none};
}

std::optional<CrlSet::Refused> CrlSet::judge(const crypto::CertificateView& certificate,
                                             const crypto::CertificateView& issuer,
                                             WallTime now) const {
  const auto subject = crypto::read_crl_subject(certificate.der);
  if (!subject) return Refused{RefusalReason::malformed, subject.error().text};
  const CrlList* stale = nullptr;
  bool is_fresh = false;
  for (const CrlList& list : lists_of(issuer.spki_sha256)) {
    if (!crypto::same_name(list.issuer_der, subject->issuer)) continue;
    const auto revoked = list.serials.contains(certificate.serial);
    if (!revoked) {
      return Refused{RefusalReason::malformed, "the serial number is longer than 20 octets"};
    }
    if (*revoked) {
      return Refused{RefusalReason::revoked, "serial " + certificate.serial +
                                                 " is on the revocation list of " + list.issuer};
    }
    if (!is_current(list, now) || !crypto::covers(list.scope, *subject)) continue;
    const bool counts = now.unix_seconds() <= list.next_update || expired_ == CrlFailure::soft_fail;
    is_fresh = is_fresh || counts;
    if (!counts) stale = &list;
  }
  if (is_fresh) return std::nullopt;
  if (stale != nullptr) {
    return Refused{RefusalReason::crl_expired, "the revocation list of " + stale->issuer +
                                                   " was to be renewed by " +
                                                   utc_text(stale->next_update)};
  }
  if (absent_ == CrlFailure::soft_fail) return std::nullopt;
  return not_covered(certificate, issuer);
}

const CrlList* CrlSet::revoker(const crypto::CertificateView& certificate) const {
  const auto name = crypto::certificate_issuer(certificate.der);
  const auto found = std::find_if(lists_.begin(), lists_.end(), [&](const CrlList& list) {
    return name && list.serials.contains(certificate.serial).value_or(true) &&
           crypto::same_name(list.issuer_der, *name);
  });
  return found == lists_.end() ? nullptr : &*found;
}

CrlSet::Window CrlSet::window(const crypto::CertificateView& certificate,
                              const crypto::CertificateView& issuer, WallTime now) const {
  constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
  Window window;
  std::int64_t until = kNever;
  const auto subject = crypto::read_crl_subject(certificate.der);
  for (const CrlList& list : lists_of(issuer.spki_sha256)) {
    if (!subject || !crypto::same_name(list.issuer_der, subject->issuer) ||
        !is_current(list, now) || !crypto::covers(list.scope, *subject)) {
      continue;
    }
    window.from = std::max(window.from, list.this_update - kClockTolerance);
    until = std::max(until, list.next_update);
  }
  if (until != kNever && expired_ == CrlFailure::hard_fail) window.until = until;
  return window;
}

}  // namespace sallyport::tls
