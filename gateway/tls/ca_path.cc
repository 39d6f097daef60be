#include "gateway/tls/ca_path.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <utility>

#include "gateway/tls/name_constraints.h"
#include "gateway/tls/path_rules.h"
#include "gateway/tls/path_search.h"

namespace sallyport::tls {
namespace {

CertificateRefusal unreadable(const crypto::CertificateView& leaf) {
  return refusal_of(RefusalReason::malformed, "an issuer's certificate is malformed", leaf);
}

// Attempts judges one candidate after the other, and keeps the refusal of the one that came
// furthest.
class Attempts {
 public:
  Attempts(PathQuestion& question, const PathDemand& demand)
      : question_(question), demand_(demand) {}

  Onward judge(const PathCandidate& candidate) {
    for (const PathStep& step : candidate) {
      if (step.view != nullptr) continue;
      note(0, unreadable(question_.chain.view));
      return Onward::next;
    }
    if (const auto onward = judge_signatures(candidate)) return *onward;
    if (auto broken = broken_rule(candidate, question_.chain, question_.expected, question_.now)) {
      note(kAllSigned, std::move(*broken));
      return Onward::next;
    }
    CaPath path = path_of(candidate);
    if (auto refusal = demand_(path)) {
      note(kAllGood, std::move(*refusal));
      return Onward::next;
    }
    found_ = std::move(path);
    return Onward::stop;
  }

  std::optional<CaPath>& found() { return found_; }
  std::optional<CertificateRefusal>& refusal() { return refusal_; }
  bool is_exhausted() const { return is_exhausted_; }

 private:
  // How far a path came: the signatures that hold, and what comes after all of them.
  static constexpr std::size_t kAllSigned = PathCandidate::kMost;
  static constexpr std::size_t kAllGood = kAllSigned + 1;

  // judge_signatures returns nothing when all of them are good.
  std::optional<Onward> judge_signatures(const PathCandidate& candidate) {
    for (std::size_t i = 0; i + 1 < candidate.size(); ++i) {
      const PathStep& issuer = candidate[i + 1];
      const bool is_anchor = i + 2 == candidate.size();
      switch (question_.signatures.check(candidate[i].certificate,
                                         {issuer.certificate, issuer.view->spki_sha256},
                                         is_anchor ? SignedBy::anchor : SignedBy::presented)) {
        case Signature::good:
          continue;
        case Signature::bad:
          // A CA that the certificate itself says it is not from has not come near.
          if (!issuer.is_against_hint) note(i, bad_link(candidate[i], question_.chain));
          return Onward::next;
        case Signature::not_asked:
          is_exhausted_ = true;
          return Onward::stop;
      }
    }
    return std::nullopt;
  }

  void note(std::size_t progress, CertificateRefusal refusal) {
    if (refusal_ && progress <= progress_) return;
    refusal_ = std::move(refusal);
    progress_ = progress;
  }

  CaPath path_of(const PathCandidate& candidate) const {
    CaPath path;
    path.add(question_.chain.view);
    for (std::size_t i = 1; i < candidate.size(); ++i) path.add(*candidate[i].view);
    const std::string& name = question_.chain.view.common_name;
    if (has_dns_form(name) && forbids_dns_name(candidate, name)) path.forbid_common_name();
    return path;
  }

  PathQuestion& question_;
  const PathDemand& demand_;
  std::optional<CaPath> found_;
  std::optional<CertificateRefusal> refusal_;
  std::size_t progress_ = 0;
  bool is_exhausted_ = false;
};

CertificateRefusal too_deep(const crypto::CertificateView& leaf) {
  return refusal_of(RefusalReason::chain_too_long,
                    "there are more than " + std::to_string(ChainVerifier::kMaxDepth) +
                        " issuers between " + leaf.subject + " and a CA of the trust store",
                    leaf);
}

CertificateRefusal too_many_ways(const crypto::CertificateView& leaf, std::size_t verified) {
  return refusal_of(RefusalReason::chain_too_long,
                    "among the certificates that came with " + leaf.subject +
                        " are too many of one name; " + std::to_string(verified) +
                        " signatures were verified, and no path to a CA was found",
                    leaf);
}

CertificateRefusal unknown_issuer(const crypto::CertificateView& leaf, std::string_view store) {
  return refusal_of(RefusalReason::unknown_issuer,
                    "no CA of the trust store " + std::string(store) + " issued " + leaf.subject +
                        " (issuer " + leaf.issuer + ")",
                    leaf);
}

}  // namespace

CertificateRefusal refusal_of(RefusalReason reason, std::string text,
                              const crypto::CertificateView& leaf) {
  return {reason, std::move(text), leaf.subject, leaf.issuer, leaf.serial};
}

std::variant<CaPath, CertificateRefusal> find_ca_path(PathQuestion& question,
                                                      const TrustEntry& entry, Hints hints,
                                                      const PathDemand& demand) {
  const PresentedChain& chain = question.chain;
  if ((X509_get_extension_flags(chain.leaf.get()) & EXFLAG_INVALID) != 0) {
    ERR_clear_error();
    return refusal_of(RefusalReason::malformed,
                      "the certificate of " + chain.view.subject + " has a malformed extension",
                      chain.view);
  }
  Attempts attempts(question, demand);
  const SearchEnd end =
      search_paths(chain, entry, hints, question.now, question.signatures,
                   [&](const PathCandidate& candidate) { return attempts.judge(candidate); });
  question.has_passed = question.has_passed || end.has_passed;
  if (attempts.found()) return std::move(*attempts.found());
  if (attempts.is_exhausted() || end.is_exhausted) {
    return too_many_ways(chain.view, question.signatures.verified());
  }
  if (attempts.refusal()) return std::move(*attempts.refusal());
  return end.is_cut ? too_deep(chain.view) : unknown_issuer(chain.view, question.store);
}

}  // namespace sallyport::tls
