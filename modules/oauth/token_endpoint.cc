#include "modules/oauth/token_endpoint.h"

#include <string>
#include <utility>

#include "gateway/policy/facts.h"
#include "gateway/policy/revocations.h"
#include "modules/oauth/checks.h"
#include "modules/oauth/reasons.h"

namespace sallyport::oauth {

using policy::Exchange;
using policy::Verdict;

void TokenEndpoint::prepare(Exchange& exchange) const {
  exchange.notes.get<Noted>(exchange.arena, this);
}

Verdict TokenEndpoint::judge(Exchange& exchange, OauthRequest request) {
  const auto& named = request.clients.named;
  if (!named.empty()) {
    exchange.notes.get<Noted>(exchange.arena, this).client = exchange.arena.copy(named.front());
  }
  if (request.refresh_token.empty() && request.exchanged.empty()) {
    return judge_certainty(exchange, RestsOn::nothing_issued);
  }
  return look_up(exchange, std::move(request));
}

// look_up asks for the grants of all tokens that the request brings, the refresh token first.
Verdict TokenEndpoint::look_up(Exchange& exchange, OauthRequest request) {
  policy::must_pass(exchange, Check::grants);
  std::vector<std::string> keys;
  if (!request.refresh_token.empty()) keys.push_back(grant_key(request.refresh_token));
  for (const std::string& token : request.exchanged) keys.push_back(grant_key(token));
  auto found = plan().ledger->ask<Grants>(
      loop(), [keys = std::move(keys)](GrantLedger& ledger, const auto& reply) {
        Grants grants;
        for (const std::string& key : keys) {
          auto grant = ledger.find(key);
          if (!grant) return reply(grant.error());
          grants.push_back(*std::move(grant));
        }
        reply(std::move(grants));
      });
  return policy::await(std::move(found),
                       [this, request = std::move(request)](Exchange& later, Result<Grants> told) {
                         return judge_grants(later, request, told);
                       });
}

Verdict TokenEndpoint::judge_grants(Exchange& exchange, const OauthRequest& request,
                                    const Result<Grants>& told) {
  const bool is_refresh = !request.refresh_token.empty();
  if (!told) {
    // A client that is revoked is so whatever its token is.
    if (auto refused = find_revoked(exchange, request.clients, Grant{})) return *std::move(refused);
    return unavailable(exchange, told.error());
  }
  auto& noted = exchange.notes.get<Noted>(exchange.arena, this);
  bool is_issued = is_refresh;
  for (std::size_t i = 0; i < told->size(); ++i) {
    const auto& grant = (*told)[i];
    // A token that is exchanged may be another issuer's: what is not known of it is the server's to
    // judge.
    if (!grant && !(i == 0 && is_refresh)) continue;
    is_issued = true;
    // Of a refresh token that was issued before the gateway looked, the client is all that is
    // known; it counts as older than any cut-off.
    const Grant judged = grant.value_or(Grant{});
    if (auto refused = find_revoked(exchange, request.clients, judged)) return *std::move(refused);
    if (judged.granted_at != 0 && (noted.granted_at == 0 || judged.granted_at < noted.granted_at)) {
      noted.granted_at = judged.granted_at;
    }
  }
  policy::passed(exchange, Check::grants);
  return judge_certainty(exchange, is_issued ? RestsOn::issued_token : RestsOn::nothing_issued);
}

// find_revoked refuses what was granted to whoever is revoked, by every name that is known.
std::optional<Verdict> TokenEndpoint::find_revoked(Exchange& exchange, const NamedClients& clients,
                                                   const Grant& grant) const {
  using policy::NameKind;
  std::vector<policy::GrantName> names = {{NameKind::client, grant.client},
                                          {NameKind::consent, grant.consent},
                                          {NameKind::subject, grant.subject}};
  for (const auto* list : {&clients.named, &clients.also_read}) {
    for (const std::string& client : *list) names.push_back({NameKind::client, client});
  }
  const auto found =
      exchange.facts.revocations->ask().find(exchange, plan().issuer, names, grant.granted_at);
  if (!found) return std::nullopt;
  const policy::GrantName& name = names[*found];
  return policy::deny(kGrant, policy::evidence(exchange, "{}={} granted={}", to_string(name.kind),
                                               name.value, grant.granted_at));
}

std::size_t TokenEndpoint::answer_limit(const Exchange& exchange,
                                        const http::ResponseHead& head) const {
  if (exchange.notes.find<Noted>(this) == nullptr) return 0;
  // Clients take tokens from other statuses of success as well.
  return head.status >= 200 && head.status < 300 ? kMaxTokenResponse : 0;
}

// on_answer learns. What cannot be read is passed on in any mode, as the server may have taken the
// old refresh token back already. Its refresh token is judged by the client later, and the operator
// is told.
Verdict TokenEndpoint::on_answer(Exchange& exchange, const policy::Answer& answer) {
  const auto& noted = *exchange.notes.find<Noted>(this);
  policy::must_pass(exchange, Check::grants);
  auto read = read_token_answer(answer, exchange.now.unix_seconds());
  if (!read.learned) {
    return read.problem ? not_learned(exchange, *read.problem) : policy::allow({"learned=nothing"});
  }
  if (read.problem) plan().counts->add(exchange.worker, *read.problem);
  LearnedGrant& learned = *read.learned;
  learned.grant.client = noted.client;
  if (noted.granted_at != 0) learned.grant.granted_at = noted.granted_at;
  auto done = plan().ledger->ask<bool>(
      loop(), [learned = std::move(learned), terms = plan().terms](
                  GrantLedger& ledger, const auto& reply) { reply(ledger.learn(learned, terms)); });
  const char* learned_what = read.problem ? "learned=partly why=name" : "learned=yes";
  return policy::await(std::move(done),
                       [this, learned_what](Exchange& later, Result<bool> told) -> Verdict {
                         if (!told) {
                           plan().counts->add(later.worker, NotLearned::not_written);
                           return unavailable(later, told.error());
                         }
                         policy::passed(later, Check::grants);
                         return policy::allow({*told ? learned_what : "learned=full"});
                       });
}

Verdict TokenEndpoint::not_learned(Exchange& exchange, NotLearned why) const {
  plan().counts->add(exchange.worker, why);
  return policy::allow(policy::evidence(exchange, "learned=no why={}", to_string(why)));
}

}  // namespace sallyport::oauth
