#include "modules/oauth/revocation_endpoint.h"

#include <algorithm>
#include <utility>

#include "gateway/policy/facts.h"
#include "gateway/policy/revocations.h"
#include "modules/oauth/checks.h"

namespace sallyport::oauth {

using policy::Exchange;
using policy::Verdict;

namespace {

// Clocks of gateway and authorization server may differ by so much.
constexpr std::int64_t kLeeway = 60;

// is_own: a client revokes its own tokens only (RFC 7009 section 2.1). Where the request names
// several, the server's 200 does not say which of them it believed.
bool is_own(const std::optional<Grant>& grant, const std::vector<std::string>& clients) {
  return grant.has_value() && !clients.empty() &&
         std::ranges::all_of(clients,
                             [&](const std::string& client) { return client == grant->client; });
}

}  // namespace

void RevocationEndpoint::prepare(Exchange& exchange) const {
  exchange.notes.get<Noted>(exchange.arena, this);
}

Verdict RevocationEndpoint::judge(Exchange& exchange, OauthRequest request) {
  policy::must_pass(exchange, Check::grants);
  auto found = plan().ledger->ask<std::optional<Grant>>(
      loop(), [key = grant_key(request.token)](GrantLedger& ledger, const auto& reply) {
        reply(ledger.find(key));
      });
  return policy::await(std::move(found),
                       [this, clients = std::move(request.clients.named)](
                           Exchange& later, const Result<std::optional<Grant>>& told) {
                         return judge_grant(later, clients, told);
                       });
}

Verdict RevocationEndpoint::judge_grant(Exchange& exchange, const std::vector<std::string>& clients,
                                        const Result<std::optional<Grant>>& told) {
  if (!told) return unavailable(exchange, told.error());
  policy::passed(exchange, Check::grants);
  if (is_own(*told, clients)) {
    auto& noted = exchange.notes.get<Noted>(exchange.arena, this);
    noted.client = exchange.arena.copy(clients.front());
    noted.access_id = exchange.arena.copy((*told)->access_id);
    noted.access_ends = (*told)->access_ends;
  }
  return judge_certainty(exchange, RestsOn::nothing_issued);
}

std::size_t RevocationEndpoint::answer_limit(const Exchange& exchange,
                                             const http::ResponseHead& head) const {
  const auto* noted = exchange.notes.find<Noted>(this);
  const bool has_token = noted != nullptr && !noted->access_id.empty();
  return has_token && head.status == 200 ? kMaxTokenResponse : 0;
}

// on_answer: the server has authenticated the client and said yes; the client hears it when the
// token is refused everywhere.
Verdict RevocationEndpoint::on_answer(Exchange& exchange, const policy::Answer&) {
  const auto& noted = *exchange.notes.find<Noted>(this);
  policy::must_pass(exchange, Check::grants);
  const std::int64_t ends = std::max(noted.access_ends, exchange.now.unix_seconds()) + kLeeway;
  auto done = exchange.facts.revocations->ask().revoke_token({.issuer = plan().issuer,
                                                              .token_id = noted.access_id,
                                                              .expires = ends,
                                                              .reason = "RFC 7009",
                                                              .who = noted.client});
  return policy::await(std::move(done), [](Exchange& later, Result<bool> told) -> Verdict {
    if (!told) return unavailable(later, told.error());
    policy::passed(later, Check::grants);
    return policy::allow({"revoked=yes"});
  });
}

}  // namespace sallyport::oauth
