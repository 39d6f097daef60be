#include "modules/bearer/bearer.h"

#include <array>
#include <cstring>
#include <memory>
#include <utility>

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
               unsigned worker)
      : token_limit_(plan->token_limit), verifier_(std::move(plan), std::move(cache), worker) {}

  Verdict on_request(Exchange& exchange) override {
    const auto found = find_token(exchange.request);
    if (const auto* reason = std::get_if<const policy::Reason*>(&found)) {
      return policy::deny(**reason);
    }
    const std::string_view token = std::get<std::string_view>(found);
    if (token.size() > token_limit_) {
      return policy::deny(reasons::kOversized, policy::evidence(exchange, "bytes={} limit={}",
                                                                token.size(), token_limit_));
    }
    Verdict verdict = verifier_.verify(exchange, token);
    if (std::holds_alternative<policy::Allow>(verdict)) write_canonical(exchange, token);
    return verdict;
  }

 private:
  // write_canonical: some APIs know only one spelling of the scheme.
  static void write_canonical(Exchange& exchange, std::string_view token) {
    constexpr std::string_view kPrefix = "Bearer ";
    char* value = static_cast<char*>(exchange.arena.allocate(kPrefix.size() + token.size(), 1));
    std::memcpy(value, kPrefix.data(), kPrefix.size());
    std::memcpy(value + kPrefix.size(), token.data(), token.size());
    exchange.request.fields.remove("authorization");
    exchange.request.fields.add("authorization", {value, kPrefix.size() + token.size()});
  }

  const std::size_t token_limit_;
  TokenVerifier verifier_;
};

std::unique_ptr<policy::Policy> attach(std::shared_ptr<const policy::Plan> plan,
                                       policy::AttachContext& context) {
  auto mine = std::static_pointer_cast<const BearerPlan>(std::move(plan));
  auto cache = context.per_worker<TokenCache>(&module, mine->cache_entries, mine->cache_bytes);
  return std::make_unique<BearerPolicy>(std::move(mine), std::move(cache), context.worker());
}

constexpr std::array kGives{policy::Fact::token};

}  // namespace

const policy::Module module{
    .name = "bearer",
    .summary =
        "Verifies the access token: a JWT signed by a known issuer, for this API, not "
        "expired, not too old, and on the connection that it is bound to.",
    .shared_options = SharedSettings::options(),
    .options = EntrySettings::options(),
    .reasons = reasons::all(),
    .needs = {},
    .gives = kGives,
    .load = load_plan,
    .attach = attach,
};

}  // namespace sallyport::bearer
