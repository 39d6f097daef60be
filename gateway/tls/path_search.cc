#include "gateway/tls/path_search.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>

namespace sallyport::tls {
namespace {

enum class Fit : std::uint8_t { none, against_hint, full };

// fit_of asks whether `issuer` may have issued `subject`: by name and key usage it must, and the
// key identifier says which of several it was. An identifier is a hint (RFC 5280 section 4.2.1.1):
// it may name the certificate that a CA had before its renewal.
Fit fit_of(X509* subject, X509* issuer) {
  const int said = X509_check_issued(issuer, subject);
  if (said == X509_V_OK) return Fit::full;
  if (said != X509_V_ERR_AKID_SKID_MISMATCH && said != X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH) {
    return Fit::none;
  }
  return (X509_get_key_usage(issuer) & KU_KEY_CERT_SIGN) != 0 ? Fit::against_hint : Fit::none;
}

// signs_itself is by name and identifier: such a certificate ends a path, and only an anchor may.
bool signs_itself(X509* certificate) {
  return (X509_get_extension_flags(certificate) & EXFLAG_SS) != 0;
}

bool is_current(const crypto::CertificateView* view, WallTime now) {
  return view != nullptr && now.unix_seconds() >= view->not_before &&
         now.unix_seconds() <= view->not_after;
}

class Search {
 public:
  Search(const PresentedChain& chain, const TrustEntry& entry, Hints hints, WallTime now,
         const SignatureBook& signatures, const PathJudge& judge)
      : chain_(chain),
        entry_(entry),
        hints_(hints),
        now_(now),
        signatures_(signatures),
        judge_(judge) {}

  SearchEnd run() {
    X509* leaf = chain_.leaf.get();
    if (!signs_itself(leaf)) {
      path_.push({leaf, &chain_.view});
      extend();
      path_.pop();
    }
    if (!is_over_) try_leaf_as_anchor();
    return end_;
  }

 private:
  // Against chains that were made to be searched: an honest one takes as many steps as it has
  // issuers, and a few for each name that several have.
  static constexpr int kMostSteps = 100;

  // Of one node's issuers the anchors come first, and of these what is in its time: a CA that was
  // renewed stands in a bundle beside what it was.
  void extend() {
    for (const bool current : {true, false}) {
      for (std::size_t i = 0; i < entry_.ca_objects.size() && !is_over_; ++i) {
        if (is_current(&entry_.certificates[i], now_) != current) continue;
        follow(entry_.ca_objects[i].get(), &entry_.certificates[i], &Search::judge);
      }
    }
    for (const bool current : {true, false}) {
      for (const auto& issuer : chain_.issuers) {
        if (is_over_) return;
        const auto* view = issuer->view ? &*issuer->view : nullptr;
        X509* certificate = issuer->certificate.get();
        if (is_current(view, now_) != current || is_on_path(certificate)) continue;
        if (!signs_itself(certificate)) follow(certificate, view, &Search::extend);
      }
    }
  }

  void follow(X509* issuer, const crypto::CertificateView* view, void (Search::*onward)()) {
    X509* subject = path_.back().certificate;
    const Fit fit = fit_of(subject, issuer);
    if (fit == Fit::none) return;
    if (view && signatures_.known(subject, view->spki_sha256) == Signature::bad) return;
    if (fit == Fit::against_hint && hints_ == Hints::heeded) {
      end_.has_passed = true;
      return;
    }
    if (path_.is_full()) {
      end_.is_cut = true;
      return;
    }
    if (++steps_ > kMostSteps) {
      is_over_ = end_.is_exhausted = true;
      return;
    }
    path_.push({issuer, view, fit == Fit::against_hint});
    (this->*onward)();
    path_.pop();
  }

  void judge() {
    const bool is_against = std::any_of(path_.begin(), path_.end(),
                                        [](const PathStep& step) { return step.is_against_hint; });
    if (is_against != (hints_ == Hints::ignored)) return;
    is_over_ = judge_(path_) == Onward::stop;
  }

  void try_leaf_as_anchor() {
    for (std::size_t i = 0; i < entry_.ca_objects.size(); ++i) {
      if (entry_.certificates[i].sha256 != chain_.view.sha256) continue;
      path_.push({entry_.ca_objects[i].get(), &entry_.certificates[i]});
      judge();
      path_.pop();
      return;
    }
  }

  bool is_on_path(const X509* certificate) const {
    return std::any_of(path_.begin(), path_.end(),
                       [&](const PathStep& step) { return step.certificate == certificate; });
  }

  const PresentedChain& chain_;
  const TrustEntry& entry_;
  const Hints hints_;
  const WallTime now_;
  const SignatureBook& signatures_;
  const PathJudge& judge_;
  PathCandidate path_;
  SearchEnd end_;
  int steps_ = 0;
  bool is_over_ = false;
};

}  // namespace

SearchEnd search_paths(const PresentedChain& chain, const TrustEntry& entry, Hints hints,
                       WallTime now, const SignatureBook& signatures, const PathJudge& judge) {
  const SearchEnd end = Search(chain, entry, hints, now, signatures, judge).run();
  ERR_clear_error();
  return end;
}

}  // namespace sallyport::tls
