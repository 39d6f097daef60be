#include "modules/revocation/revocation_policy.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gateway/crypto/verified_certificate.h"
#include "gateway/policy/facts.h"
#include "gateway/policy/token_authority.h"
#include "modules/revocation/checks.h"
#include "modules/revocation/issuer.h"
#include "modules/revocation/revocation_view.h"

namespace sallyport::revocation {
namespace {

using policy::ErrorClass;
using policy::Exchange;
using policy::Reason;
using policy::TokenClaims;
using policy::Verdict;

constexpr Reason kToken{"revocation.token", ErrorClass::invalid_token,
                        "This token (jti) was revoked."};
constexpr Reason kSubject{"revocation.subject", ErrorClass::invalid_token,
                          "The tokens of this user (sub) were revoked, and this one was issued "
                          "before the cut-off."};
constexpr Reason kClient{"revocation.client", ErrorClass::invalid_token,
                         "The tokens of this client (client_id) were revoked, and this one was "
                         "issued before the cut-off."};
constexpr Reason kConsent{"revocation.consent", ErrorClass::invalid_token,
                          "The consent under which this token was issued was revoked."};
constexpr Reason kKey{"revocation.key", ErrorClass::invalid_token,
                      "The key (kid) that signed this token was revoked."};
constexpr Reason kCertificate{"revocation.certificate", ErrorClass::forbidden,
                              "The client's certificate was revoked, whatever its token says."};
constexpr Reason kInactive{"revocation.inactive", ErrorClass::invalid_token,
                           "The Redis was silent, and the issuer says that the token is not "
                           "active."};
constexpr Reason kName{
    "revocation.name", ErrorClass::invalid_token,
    "A name in the token (its user, client, consent, key or jti) is longer than 1,024 bytes: "
    "no order could revoke it. The evidence says which; the issuer must give shorter ones."};
constexpr std::array kOfStore{&policy::kRevocationsUnknown};
constexpr std::array kOfRevocations{&kCertificate, &kKey,   &kClient, &kConsent,
                                    &kSubject,     &kToken, &kName};
constexpr std::array kOfFreshness{&policy::kRevocationsStale, &kInactive};

}  // namespace

class RevocationPolicy final : public policy::Policy {
 public:
  RevocationPolicy(std::shared_ptr<const RevocationPlan> plan, event::Loop& loop)
      : plan_(plan), view_(std::move(plan), loop) {}

  Verdict on_request(Exchange& exchange) override {
    exchange.facts.revocations.emplace(policy::KnownRevocations(view_));
    if (view_.is_known()) {
      policy::passed(exchange, Check::store);
    } else if (!plan_->leaves_certainty) {
      return policy::deny(policy::kRevocationsUnknown);
    }
    if (judges_freshness()) policy::must_pass(exchange, Check::freshness);
    static const TokenClaims kNone;
    const TokenClaims& claims = exchange.facts.token ? exchange.facts.token->claims() : kNone;
    // The widest first, as it says most about what has happened.
    if (auto denied = judge_certificate(exchange, *plan_->set)) return *std::move(denied);
    const std::array<Name, kQuestions.size()> names = {{
        {Unit::key, claims.key_id},
        {Unit::client, claims.client_id},
        {Unit::consent, claims.consent_id},
        {Unit::subject, claims.subject},
        {Unit::token, claims.token_id},
        {Unit::token, claims.opaque_id},
    }};
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i].value.size() > kMaxName) return refuse_name(exchange, i, names[i]);
    }
    const RevocationSet& set = *plan_->set;
    const auto found =
        set.find(issuers_.of(claims.issuer), names, claims.issued_at, exchange.now.unix_seconds());
    if (!found) return judge_good(exchange);
    return refuse(exchange, kQuestions[found->index], names[found->index].value, found->mark,
                  claims.issued_at);
  }

 private:
  struct Question {
    std::string_view claim;
    const Reason* reason;
  };
  static constexpr std::array<Question, 6> kQuestions = {{{"kid", &kKey},
                                                          {"client_id", &kClient},
                                                          {"consent_id", &kConsent},
                                                          {"sub", &kSubject},
                                                          {"jti", &kToken},
                                                          {"token", &kToken}}};

  // judge_certificate asks for the client's certificate and for the CAs of its path, by every
  // digest that they may have been denied by. Nothing is asked, nor any digest made, where no
  // certificate is denied.
  static std::optional<Verdict> judge_certificate(Exchange& exchange, const RevocationSet& set) {
    const auto* certificate = exchange.facts.client_certificate.get();
    if (certificate == nullptr || set.listed(Unit::certificate) == 0) return std::nullopt;
    const std::span<const std::string> all = certificate->denial_names();
    for (std::size_t from = 0; from < all.size(); from += RevocationSet::kMaxNames) {
      const auto some = all.subspan(from, std::min(all.size() - from, RevocationSet::kMaxNames));
      std::array<Name, RevocationSet::kMaxNames> names;
      std::transform(some.begin(), some.end(), names.begin(), [](const std::string& digest) {
        return Name{Unit::certificate, digest};
      });
      const auto found = set.find({}, {names.data(), some.size()}, 0, exchange.now.unix_seconds());
      if (!found) continue;
      return policy::deny(kCertificate,
                          policy::evidence(exchange, "certificate={}", some[found->index]));
    }
    return std::nullopt;
  }

  static Verdict refuse(Exchange& exchange, const Question& question, std::string_view value,
                        const Mark& mark, std::int64_t issued_at) {
    if (mark.cutoff == kAlways) {
      return policy::deny(*question.reason,
                          policy::evidence(exchange, "{}={}", question.claim, value));
    }
    // Nobody knows when an opaque token without `iat` was issued.
    const std::string issued = issued_at == 0 ? "unknown" : std::to_string(issued_at);
    return policy::deny(*question.reason,
                        policy::evidence(exchange, "iat={} cutoff={} {}={}", issued, mark.cutoff,
                                         question.claim, value));
  }

  static Verdict refuse_name(Exchange& exchange, std::size_t question, const Name& name) {
    return policy::deny(kName, policy::evidence(exchange, "{} has {} bytes",
                                                kQuestions[question].claim, name.value.size()));
  }

  // judge_good: nothing that the request shows is known to be revoked.
  Verdict judge_good(Exchange& exchange) {
    policy::passed(exchange, Check::revocations);
    return judges_freshness() ? judge_freshness(exchange) : policy::allow();
  }

  bool judges_freshness() const { return view_.may_lag() && !plan_->leaves_certainty; }

  // judge_freshness allows while the revocations are fresh, else it does as the chain says.
  Verdict judge_freshness(Exchange& exchange) {
    const auto& token = exchange.facts.token;
    const bool can_ask = token && token->authority() != nullptr;
    if (can_ask && view_.stance(exchange) == Stance::ask) return ask_issuer(exchange);
    Verdict verdict = view_.judge_certainty(exchange);
    if (std::holds_alternative<policy::Allow>(verdict)) policy::passed(exchange, Check::freshness);
    return verdict;
  }

  Verdict ask_issuer(Exchange& exchange) {
    const auto& token = exchange.facts.token;
    return token->authority()->ask(
        exchange, token->presented(), [this](Exchange& later, Result<bool> active) {
          if (!active) {
            return view_.refuse(later, StaleOutcome::unanswered, active.error().text);
          }
          view_.count(later, *active ? StaleOutcome::active : StaleOutcome::inactive);
          if (!*active) return policy::deny(kInactive);
          policy::passed(later, Check::freshness);
          return policy::allow(policy::evidence(later, "introspected=active"));
        });
  }

  const std::shared_ptr<const RevocationPlan> plan_;
  RevocationView view_;
  IssuerIds issuers_;
};

std::unique_ptr<policy::Policy> attach(std::shared_ptr<const policy::Plan> plan,
                                       policy::AttachContext& context) {
  return std::make_unique<RevocationPolicy>(std::static_pointer_cast<const RevocationPlan>(plan),
                                            context.loop());
}

std::span<const policy::Check> all_checks() {
  using policy::check;
  using policy::Needed;
  static const std::array all{
      check(Check::store, "store", kOfStore),
      check(Check::revocations, "revocations", kOfRevocations),
      check(Check::freshness, "freshness", kOfFreshness, Needed::sometimes),
  };
  return all;
}

}  // namespace sallyport::revocation
