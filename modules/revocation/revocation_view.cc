#include "modules/revocation/revocation_view.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "gateway/json/value.h"
#include "modules/revocation/record.h"

namespace sallyport::revocation {
namespace {

using policy::Exchange;
using policy::Verdict;

constexpr Seconds kRetryAfter{5};

Unit unit_of(policy::NameKind kind) {
  switch (kind) {
    case policy::NameKind::subject:
      return Unit::subject;
    case policy::NameKind::client:
      return Unit::client;
    case policy::NameKind::consent:
      return Unit::consent;
  }
  return Unit::client;
}

std::string order_of(const policy::TokenRevocation& what) {
  return json::Draft::object()
      .set("unit", "jti")
      .set("value", what.token_id)
      .text("issuer", what.issuer)
      .set("expires", what.expires)
      .set("reason", what.reason.substr(0, kMaxRemark))
      .set("who", what.who.substr(0, kMaxRemark))
      .dump();
}

}  // namespace

std::optional<std::size_t> RevocationView::find(const Exchange& exchange, std::string_view issuer,
                                                std::span<const policy::GrantName> names,
                                                std::int64_t granted_at) {
  const std::string_view id = issuers_.of(issuer);
  for (std::size_t from = 0; from < names.size(); from += RevocationSet::kMaxNames) {
    const auto some = names.subspan(from, std::min(names.size() - from, RevocationSet::kMaxNames));
    std::array<Name, RevocationSet::kMaxNames> asked;
    std::ranges::transform(some, asked.begin(), [](const policy::GrantName& name) {
      return Name{unit_of(name.kind), name.value};
    });
    const auto found =
        plan_->set->find(id, {asked.data(), some.size()}, granted_at, exchange.now.unix_seconds());
    if (found) return from + found->index;
  }
  return std::nullopt;
}

Stance RevocationView::stance(const Exchange& exchange) const {
  return stance_on(plan_->entry, exchange, plan_->freshness->age(loop_.mono()));
}

Verdict RevocationView::judge_certainty(Exchange& exchange) {
  if (!is_known()) return policy::deny(policy::kRevocationsUnknown);
  if (!may_lag()) return policy::allow();
  const auto age = plan_->freshness->age(loop_.mono());
  switch (stance_on(plan_->entry, exchange, age)) {
    case Stance::fresh:
      return policy::allow();
    case Stance::allow:
      count(exchange, StaleOutcome::allowed);
      return policy::allow(policy::evidence(exchange, "revocations_age_ms={}", age->count()));
    case Stance::deny:
      return refuse(exchange, StaleOutcome::denied, {});
    case Stance::ask:
      break;
  }
  return refuse(exchange, StaleOutcome::unanswered, "nobody can be asked");
}

Verdict RevocationView::refuse(Exchange& exchange, StaleOutcome outcome,
                               std::string_view why) const {
  count(exchange, outcome);
  const auto age = plan_->freshness->age(loop_.mono());
  const std::string since = age ? std::to_string(age->count()) : "never";
  return policy::deny(
      policy::kRevocationsStale,
      why.empty() ? policy::evidence(exchange, "age_ms={}", since)
                  : policy::evidence(exchange, "age_ms={} introspection=\"{}\"", since, why),
      policy::RetryAfter{kRetryAfter});
}

event::Task<bool> RevocationView::revoke_token(const policy::TokenRevocation& what) {
  return plan_->orders->ask<bool>(
      loop_, [order = order_of(what)](RevocationOrders& orders, const auto& reply) {
        orders.command("revoke", order, [reply](int status, const std::string&) {
          if (status == 200) return reply(true);
          reply(Error{Fault::gateway, "revoke was answered with " + std::to_string(status)});
        });
      });
}

}  // namespace sallyport::revocation
