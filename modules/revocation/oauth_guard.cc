#include "modules/revocation/oauth_guard.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/http/field_names.h"
#include "gateway/json/value.h"
#include "modules/revocation/checks.h"
#include "modules/revocation/oauth_request.h"

namespace sallyport::revocation {
namespace {

using policy::ErrorClass;
using policy::Exchange;
using policy::Reason;
using policy::Verdict;

constexpr Reason kGrant{"revocation.grant", ErrorClass::invalid_grant,
                        "The user, client or consent of this refresh token was revoked after it "
                        "was granted."};
constexpr Reason kRequest{
    "revocation.oauth_request", ErrorClass::invalid_request,
    "The request to the token or revocation endpoint is no form that every server "
    "reads in the same way, or lacks a parameter. The evidence says which rule it breaks."};
constexpr Reason kUnknown{"revocation.grants_unavailable", ErrorClass::unavailable,
                          "What is known of tokens cannot be read or written. The evidence says "
                          "why."};
constexpr std::array<const Reason*, 1> kOfRequest = {&kRequest};
constexpr std::array<const Reason*, 2> kOfGrants = {&kGrant, &kUnknown};

// Clocks of gateway and authorization server may differ by so much.
constexpr std::int64_t kLeeway = 60;

Verdict unavailable(Exchange& exchange, const Error& error) {
  return policy::deny(kUnknown, policy::evidence(exchange, "error=\"{}\"", error.text));
}

}  // namespace

std::span<const Reason* const> request_reasons() { return kOfRequest; }
std::span<const Reason* const> grant_reasons() { return kOfGrants; }

void OauthGuard::prepare(Exchange& exchange) const {
  // A packed answer would have to be unpacked to be learned.
  exchange.request.fields.remove_if(
      [](const http::Field& field) { return http::equals_folded(field.name, "accept-encoding"); });
  exchange.notes.get<Noted>(exchange.arena, this).is_token = plan_->endpoint == Endpoint::token;
}

Verdict OauthGuard::on_request(Exchange& exchange) {
  auto& noted = exchange.notes.get<Noted>(exchange.arena, this);
  auto request = read_oauth_request(exchange.request, exchange.body, plan_->endpoint, plan_->query);
  if (!request) {
    return policy::deny(kRequest, policy::evidence(exchange, "form=\"{}\"", request.error().text));
  }
  policy::passed(exchange, Check::oauth_request);
  const auto& named = request->clients.named;
  if (!named.empty()) noted.client = exchange.arena.copy(named.front());
  if (plan_->endpoint == Endpoint::revocation) return look_up_revoked(exchange, *request);
  if (request->refresh_token.empty() && request->exchanged.empty()) {
    return last_(exchange, RestsOn::nothing_issued);
  }
  return judge_tokens(exchange, *std::move(request));
}

// judge_tokens asks for the grants of all tokens that the request brings, the refresh token first.
Verdict OauthGuard::judge_tokens(Exchange& exchange, OauthRequest request) {
  policy::must_pass(exchange, Check::grants);
  std::vector<std::string> keys;
  if (!request.refresh_token.empty()) keys.push_back(grant_key(request.refresh_token));
  for (const std::string& token : request.exchanged) keys.push_back(grant_key(token));
  auto found = plan_->ledger->ask<Grants>(
      loop_, [keys = std::move(keys)](GrantLedger& ledger, const auto& reply) {
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

Verdict OauthGuard::judge_grants(Exchange& exchange, const OauthRequest& request,
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
  return last_(exchange, is_issued ? RestsOn::issued_token : RestsOn::nothing_issued);
}

// find_revoked refuses what was granted to whoever is revoked, by every name that is known.
std::optional<Verdict> OauthGuard::find_revoked(Exchange& exchange, const NamedClients& clients,
                                                const Grant& grant) const {
  std::vector<Name> names = {
      {Unit::client, grant.client}, {Unit::consent, grant.consent}, {Unit::subject, grant.subject}};
  for (const auto* list : {&clients.named, &clients.also_read}) {
    for (const std::string& client : *list) names.push_back({Unit::client, client});
  }
  for (std::span<const Name> rest(names); !rest.empty();) {
    const auto some = rest.first(std::min(rest.size(), RevocationSet::kMaxNames));
    rest = rest.subspan(some.size());
    const auto found =
        plan_->set->find(plan_->issuer_id, some, grant.granted_at, exchange.now.unix_seconds());
    if (!found) continue;
    const Name& name = some[found->index];
    return policy::deny(kGrant, policy::evidence(exchange, "{}={} granted={}", unit_name(name.unit),
                                                 name.value, grant.granted_at));
  }
  return std::nullopt;
}

Verdict OauthGuard::look_up_revoked(Exchange& exchange, const OauthRequest& request) {
  policy::must_pass(exchange, Check::grants);
  auto found = plan_->ledger->ask<std::optional<Grant>>(
      loop_, [key = grant_key(request.token)](GrantLedger& ledger, const auto& reply) {
        reply(ledger.find(key));
      });
  return policy::await(std::move(found),
                       [this, clients = request.clients.named](
                           Exchange& later, Result<std::optional<Grant>> told) -> Verdict {
                         if (!told) return unavailable(later, told.error());
                         policy::passed(later, Check::grants);
                         // RFC 7009 section 2.1: a client revokes its own tokens only. Where the
                         // request names several, the server's 200 does not say which of them it
                         // believed.
                         const bool is_own =
                             told->has_value() && !clients.empty() &&
                             std::ranges::all_of(clients, [&](const std::string& client) {
                               return client == (*told)->client;
                             });
                         if (!is_own) return last_(later, RestsOn::nothing_issued);
                         auto& noted = later.notes.get<Noted>(later.arena, this);
                         noted.access_id = later.arena.copy((*told)->access_id);
                         noted.access_ends = (*told)->access_ends;
                         return last_(later, RestsOn::nothing_issued);
                       });
}

std::size_t OauthGuard::answer_limit(const Exchange& exchange,
                                     const http::ResponseHead& head) const {
  const auto* noted = exchange.notes.find<Noted>(this);
  if (noted == nullptr) return 0;
  // Clients take tokens from other statuses of success as well.
  if (noted->is_token) return head.status >= 200 && head.status < 300 ? kMaxTokenResponse : 0;
  return head.status == 200 && !noted->access_id.empty() ? kMaxTokenResponse : 0;
}

Verdict OauthGuard::on_answer(Exchange& exchange, const policy::Answer& answer) {
  const auto& noted = *exchange.notes.find<Noted>(this);
  policy::must_pass(exchange, Check::grants);
  return noted.is_token ? learn(exchange, answer, noted) : revoke(exchange, noted);
}

// learn: what cannot be read is passed on in any mode, as the server may have taken the old refresh
// token back already. Its refresh token is judged by the client later, and the operator is told.
Verdict OauthGuard::learn(Exchange& exchange, const policy::Answer& answer, const Noted& noted) {
  auto read = read_token_answer(answer, exchange.now.unix_seconds());
  if (!read.learned) {
    return read.problem ? not_learned(exchange, *read.problem) : policy::allow({"learned=nothing"});
  }
  if (read.problem) plan_->counts->add(exchange.worker, *read.problem);
  LearnedGrant& learned = *read.learned;
  learned.grant.client = noted.client;
  if (noted.granted_at != 0) learned.grant.granted_at = noted.granted_at;
  auto done = plan_->ledger->ask<bool>(
      loop_, [learned = std::move(learned), terms = plan_->terms](
                 GrantLedger& ledger, const auto& reply) { reply(ledger.learn(learned, terms)); });
  const char* learned_what = read.problem ? "learned=partly why=name" : "learned=yes";
  return policy::await(std::move(done),
                       [this, learned_what](Exchange& later, Result<bool> told) -> Verdict {
                         if (!told) {
                           plan_->counts->add(later.worker, NotLearned::not_written);
                           return unavailable(later, told.error());
                         }
                         policy::passed(later, Check::grants);
                         return policy::allow({*told ? learned_what : "learned=full"});
                       });
}

Verdict OauthGuard::not_learned(Exchange& exchange, NotLearned why) const {
  plan_->counts->add(exchange.worker, why);
  return policy::allow(policy::evidence(exchange, "learned=no why={}", to_string(why)));
}

// revoke: the server has authenticated the client and said yes; the client hears it when the token
// is refused everywhere.
Verdict OauthGuard::revoke(Exchange& exchange, const Noted& noted) {
  const std::int64_t ends = std::max(noted.access_ends, exchange.now.unix_seconds()) + kLeeway;
  std::string order = json::Draft::object()
                          .set("unit", "jti")
                          .set("value", noted.access_id)
                          .text("issuer", plan_->issuer)
                          .set("expires", ends)
                          .set("reason", "RFC 7009")
                          .set("who", noted.client.substr(0, kMaxRemark))
                          .dump();
  auto done = plan_->orders->ask<bool>(
      loop_, [order = std::move(order)](RevocationOrders& orders, const auto& reply) {
        orders.command("revoke", order, [reply](int status, const std::string&) {
          if (status == 200) return reply(true);
          reply(Error{Fault::gateway, "revoke was answered with " + std::to_string(status)});
        });
      });
  return policy::await(std::move(done), [](Exchange& later, Result<bool> told) -> Verdict {
    if (!told) return unavailable(later, told.error());
    policy::passed(later, Check::grants);
    return policy::allow({"revoked=yes"});
  });
}

}  // namespace sallyport::revocation
