#include "modules/bearer/bearer.h"

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "gateway/config/option.h"
#include "modules/bearer/checks.h"
#include "modules/bearer/credential.h"
#include "modules/bearer/plan.h"
#include "modules/bearer/reasons.h"
#include "modules/bearer/verifier.h"

namespace sallyport::bearer {
namespace {

using policy::Exchange;
using policy::Verdict;

class BearerPolicy final : public policy::Policy {
 public:
  BearerPolicy(std::shared_ptr<const BearerPlan> plan, std::shared_ptr<TokenCache> cache,
               unsigned worker, std::shared_ptr<Introspector> introspector)
      : plan_(plan),
        verifier_(std::move(plan), std::move(cache), worker, std::move(introspector)) {}

  std::size_t body_limit(const Exchange& exchange) const override {
    return is_form(exchange.request) ? kMaxForm : 0;
  }

  Verdict on_request(Exchange& exchange) override {
    const auto found = find_token(exchange.request, exchange.body);
    if (const auto* reason = std::get_if<const policy::Reason*>(&found)) {
      const bool wants_dpop = plan_->entry.binding == Binding::dpop;
      return policy::deny(**reason, {}, wants_dpop ? challenge("") : policy::Hint());
    }
    const auto& credential = std::get<Credential>(found);
    if (credential.token.size() > plan_->token_limit) {
      return policy::deny(reasons::kOversized,
                          policy::evidence(exchange, "bytes={} limit={}", credential.token.size(),
                                           plan_->token_limit));
    }
    const bool is_dpop = credential.scheme == Scheme::dpop;
    policy::passed(exchange, Check::credential, "scheme={}", is_dpop ? "DPoP" : "Bearer");
    write_canonical(exchange, credential);
    return verifier_.verify(exchange, credential);
  }

  void on_response(Exchange& exchange, http::ResponseHead& head) override {
    const bool normalises = plan_->entry.upstream_401 == Upstream401::normalise;
    if (normalises && head.status == 401) exchange.answer_refused = &reasons::kUpstream401;
    // RFC 9449 section 8.2: whoever must use a nonce always has the newest.
    if (!plan_->entry.dpop.nonce) return;
    const std::string nonce = plan_->dpop->nonces.make(exchange.now.unix_seconds());
    head.fields.remove(kNonceField.text());
    head.fields.add(kNonceField, exchange.arena.copy(nonce));
  }

 private:
  static constexpr http::FieldName kNonceField{"DPoP-Nonce"};

  policy::Hint challenge(std::string_view error) const {
    return policy::DpopChallenge{error, plan_->dpop_algorithms};
  }

  // write_canonical: some APIs know only one spelling of the scheme. Most clients use it.
  static void write_canonical(Exchange& exchange, const Credential& credential) {
    const std::string_view scheme = credential.scheme == Scheme::dpop ? "DPoP " : "Bearer ";
    const std::size_t size = scheme.size() + credential.token.size();
    const http::Field* field = exchange.request.fields.find("authorization");
    if (field->value.size() == size && field->value.starts_with(scheme)) return;
    char* value = static_cast<char*>(exchange.arena.allocate(size, 1));
    std::memcpy(value, scheme.data(), scheme.size());
    std::memcpy(value + scheme.size(), credential.token.data(), credential.token.size());
    exchange.request.fields.remove("authorization");
    exchange.request.fields.add(http::FieldName("authorization"), {value, size});
  }

  const std::shared_ptr<const BearerPlan> plan_;
  TokenVerifier verifier_;
};

std::unique_ptr<policy::Policy> attach(std::shared_ptr<const policy::Plan> plan,
                                       policy::AttachContext& context) {
  auto mine = std::static_pointer_cast<const BearerPlan>(std::move(plan));
  auto cache = context.per_worker<TokenCache>(&module, mine->cache_entries, mine->cache_bytes);
  cache->report_to(mine->cache_gauges, context.worker());
  std::shared_ptr<Introspector> introspector;
  if (const Issuer* issuer = mine->introspecting()) {
    // By the issuer, so that all chains of it ask once.
    introspector =
        context.per_worker<Introspector>(issuer->keys.get(), context.loop(), issuer->introspection);
  }
  return std::make_unique<BearerPolicy>(std::move(mine), std::move(cache), context.worker(),
                                        std::move(introspector));
}

constexpr std::array kGives{policy::Fact::token};
const auto kReasons = policy::reasons_of(checks());

}  // namespace

const policy::Module module{
    .name = "bearer",
    .summary =
        "Verifies the access token: a JWT signed by a known issuer, for this API, not "
        "expired, not too old, and on the connection that it is bound to.",
    .shared_options = SharedSettings::options(),
    .options = EntrySettings::options(),
    .reasons = kReasons,
    .checks = checks(),
    .needs = {},
    .gives = kGives,
    .load = load_plan,
    .attach = attach,
    .issuers = issuers_of,
};

}  // namespace sallyport::bearer
