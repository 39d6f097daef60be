#include "modules/revocation/oauth_guard.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/json/json.h"
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
constexpr Reason kRequest{"revocation.oauth_request", ErrorClass::invalid_request,
                          "The request to the token or revocation endpoint is no form that can be "
                          "read in one way only: it has a parameter twice, or another type."};
constexpr Reason kUnknown{"revocation.grants_unavailable", ErrorClass::unavailable,
                          "What is known of tokens cannot be read or written. The evidence says "
                          "why."};
constexpr std::array<const Reason*, 1> kOfRequest = {&kRequest};
constexpr std::array<const Reason*, 2> kOfGrants = {&kGrant, &kUnknown};

constexpr std::string_view kRefresh = "refresh_token";
// Clocks of gateway and authorization server may differ by so much.
constexpr std::int64_t kLeeway = 60;

Verdict unavailable(Exchange& exchange, const Error& error) {
  return policy::deny(kUnknown, policy::evidence(exchange, "error=\"{}\"", error.text));
}

}  // namespace

std::span<const Reason* const> request_reasons() { return kOfRequest; }
std::span<const Reason* const> grant_reasons() { return kOfGrants; }

Verdict OauthGuard::on_request(Exchange& exchange) {
  auto request = read_oauth_request(exchange.request, exchange.body);
  if (!request) return policy::deny(kRequest);
  policy::passed(exchange, Check::oauth_request);
  auto& noted = exchange.notes.get<Noted>(exchange.arena, this);
  if (!request->clients.empty()) noted.client = exchange.arena.copy(request->clients.front());
  if (plan_->endpoint == Endpoint::revocation) return look_up_revoked(exchange, *request);
  noted.is_token = true;
  if (request->grant_type == kRefresh) return judge_refresh(exchange, *request);
  return policy::allow();
}

Verdict OauthGuard::judge_refresh(Exchange& exchange, const OauthRequest& request) {
  policy::must_pass(exchange, Check::grants);
  auto found = plan_->ledger->ask<std::optional<Grant>>(
      loop_, [key = grant_key(request.refresh_token)](GrantLedger& ledger, const auto& reply) {
        reply(ledger.find(key));
      });
  return policy::await(std::move(found),
                       [this, clients = request.clients](
                           Exchange& later, Result<std::optional<Grant>> told) -> Verdict {
                         if (!told) return unavailable(later, told.error());
                         // Of a token that was issued before the gateway looked, the client is all
                         // that is known; it counts as older than any cut-off.
                         const Grant grant = told->value_or(Grant{});
                         later.notes.get<Noted>(later.arena, this).granted_at = grant.granted_at;
                         return judge_grant(later, clients, grant);
                       });
}

Verdict OauthGuard::judge_grant(Exchange& exchange, const std::vector<std::string>& clients,
                                const Grant& grant) const {
  constexpr std::size_t kClients = 3;
  std::array<Name, kClients + 3> names{};
  std::size_t count = 0;
  names[count++] = {Unit::client, grant.client};
  names[count++] = {Unit::consent, grant.consent};
  names[count++] = {Unit::subject, grant.subject};
  for (const std::string& client : clients) {
    if (count < names.size()) names[count++] = {Unit::client, client};
  }
  const auto found = plan_->set->find(plan_->issuer_id, std::span(names).first(count),
                                      grant.granted_at, exchange.now.unix_seconds());
  if (!found) {
    policy::passed(exchange, Check::grants);
    return policy::allow();
  }
  const Name& name = names[found->index];
  return policy::deny(kGrant, policy::evidence(exchange, "{}={} granted={}", unit_name(name.unit),
                                               name.value, grant.granted_at));
}

Verdict OauthGuard::look_up_revoked(Exchange& exchange, const OauthRequest& request) {
  if (request.token.empty()) return policy::allow();
  policy::must_pass(exchange, Check::grants);
  auto found = plan_->ledger->ask<std::optional<Grant>>(
      loop_, [key = grant_key(request.token)](GrantLedger& ledger, const auto& reply) {
        reply(ledger.find(key));
      });
  return policy::await(std::move(found),
                       [this, clients = request.clients](
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
                         if (!is_own) return policy::allow();
                         auto& noted = later.notes.get<Noted>(later.arena, this);
                         noted.access_id = later.arena.copy((*told)->access_id);
                         noted.access_ends = (*told)->access_ends;
                         return policy::allow();
                       });
}

std::size_t OauthGuard::answer_limit(const Exchange& exchange,
                                     const http::ResponseHead& head) const {
  const auto* noted = exchange.notes.find<Noted>(this);
  if (noted == nullptr || head.status != 200) return 0;
  return noted->is_token || !noted->access_id.empty() ? kMaxTokenResponse : 0;
}

Verdict OauthGuard::on_answer(Exchange& exchange, const policy::Answer& answer) {
  const auto& noted = *exchange.notes.find<Noted>(this);
  policy::must_pass(exchange, Check::grants);
  return noted.is_token ? learn(exchange, answer, noted) : revoke(exchange, noted);
}

// learn: what cannot be read, such as a compressed answer, is passed on; its refresh token is
// judged by the client later.
Verdict OauthGuard::learn(Exchange& exchange, const policy::Answer& answer, const Noted& noted) {
  const std::int64_t now = exchange.now.unix_seconds();
  auto learned = read_token_response(answer.body, now);
  if (!learned) return policy::allow({"learned=no"});
  learned->grant.client = noted.client;
  if (noted.granted_at != 0) learned->grant.granted_at = noted.granted_at;
  auto done = plan_->ledger->ask<bool>(
      loop_, [learned = *std::move(learned), terms = plan_->terms](
                 GrantLedger& ledger, const auto& reply) { reply(ledger.learn(learned, terms)); });
  return policy::await(std::move(done), [](Exchange& later, Result<bool> told) -> Verdict {
    if (!told) return unavailable(later, told.error());
    policy::passed(later, Check::grants);
    return policy::allow({*told ? "learned=yes" : "learned=full"});
  });
}

// revoke: the server has authenticated the client and said yes; the client hears it when the token
// is refused everywhere.
Verdict OauthGuard::revoke(Exchange& exchange, const Noted& noted) {
  const std::int64_t ends = std::max(noted.access_ends, exchange.now.unix_seconds()) + kLeeway;
  std::string order = "{\"unit\":\"jti\",\"value\":";
  json::append_quoted(order, noted.access_id);
  if (!plan_->issuer.empty()) {
    order += ",\"issuer\":";
    json::append_quoted(order, plan_->issuer);
  }
  order += ",\"expires\":" + std::to_string(ends) + ",\"reason\":\"RFC 7009\",\"who\":";
  json::append_quoted(order, noted.client.substr(0, kMaxRemark));
  order += '}';
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
