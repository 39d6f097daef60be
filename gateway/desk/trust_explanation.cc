// explain: why a certificate is, or is not, accepted.

#include <algorithm>
#include <array>

#include "gateway/base/text.h"
#include "gateway/base/utc.h"
#include "gateway/crypto/certificate.h"
#include "gateway/desk/chain_trial.h"
#include "gateway/desk/trust_commands.h"
#include "gateway/json/json.h"
#include "gateway/json/value.h"
#include "gateway/policy/facts.h"

namespace sallyport::desk {
namespace {

using json::Draft;
using tls::RefusalReason;

constexpr json::Limits kLimits{.max_bytes = 1024 * 1024, .max_depth = 4};

Error mistake(std::string text) { return {Fault::client, std::move(text)}; }

// The checks in the order in which they are made: what follows a failure was not reached.
constexpr std::array<std::string_view, 10> kChecks{
    "readable", "issuer",   "signature",    "purpose",    "constraints",
    "validity", "strength", "entry_active", "revocation", "identity"};

std::string_view check_of(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::malformed:
      return "readable";
    case RefusalReason::wrong_purpose:
      return "purpose";
    case RefusalReason::invalid_issuer:
    case RefusalReason::wrong_name:
      return "constraints";
    case RefusalReason::bad_signature:
      return "signature";
    case RefusalReason::expired:
    case RefusalReason::not_yet_valid:
      return "validity";
    case RefusalReason::weak_key:
    case RefusalReason::roca_key:
    case RefusalReason::weak_signature:
      return "strength";
    case RefusalReason::not_active:
      return "entry_active";
    case RefusalReason::revoked:
    case RefusalReason::crl_expired:
    case RefusalReason::crl_absent:
      return "revocation";
    case RefusalReason::identity_mismatch:
      return "identity";
    case RefusalReason::unknown_issuer:
    case RefusalReason::chain_too_long:
    case RefusalReason::other:
      break;
  }
  return "issuer";
}

Draft checks_draft(const tls::CertificateRefusal* refusal) {
  Draft checks = Draft::array();
  std::string_view result = "pass";
  for (const std::string_view check : kChecks) {
    const bool failed = refusal != nullptr && check_of(refusal->reason) == check;
    Draft one = Draft::object();
    one.text("check", check).text("result", failed ? "fail" : result);
    if (failed) {
      one.text("reason", tls::to_string(refusal->reason)).text("why", refusal->text);
      result = "not reached";
    }
    checks.add(std::move(one));
  }
  return checks;
}

Draft store_draft(const tls::TrustStore& store, const tls::ChainVerifier::Verdict& verdict) {
  const auto* refusal = std::get_if<tls::CertificateRefusal>(&verdict);
  Draft out = Draft::object();
  out.text("store", store.name()).set("accepted", refusal == nullptr);
  if (refusal == nullptr) {
    const auto& proof = std::get<tls::ChainVerifier::Verified>(verdict);
    out.text("entry", proof->entry())
        .text("identity", proof->identity())
        .text("anchor", proof->anchor())
        .text("valid_until", utc_text(proof->valid_until()));
  }
  return std::move(out).set("checks", checks_draft(refusal));
}

const policy::Route* find_route(const load::Loaded& loaded, std::string_view id) {
  const auto& routes = loaded.generation->routes;
  const auto found = std::find_if(routes.begin(), routes.end(),
                                  [&](const auto& route) { return route->id == id; });
  return found == routes.end() ? nullptr : found->get();
}

// judge_by_route runs those of the route's policies that say who the client is, on a request that
// has nothing but the certificate.
Draft judge_by_route(const policy::Route& route, tls::ChainVerifier::Verified certificate,
                     WallTime at, bool& accepted) {
  Arena arena;
  const policy::ConnectionFacts connection;
  policy::Facts facts;
  policy::Exchange exchange(arena, connection, facts, 0);
  exchange.now = at;
  exchange.facts.client_certificate = std::move(certificate);
  event::Loop loop;  // policies are attached to one; none that gives an identity waits
  policy::AttachContext context(0, loop);
  Draft steps = Draft::array();
  for (const policy::ChainEntry& entry : route.chain) {
    const auto gives = entry.module->gives;
    if (std::find(gives.begin(), gives.end(), policy::Fact::identity) == gives.end()) continue;
    const auto attached = entry.module->attach(entry.plan, context);
    const policy::Verdict verdict = attached->on_request(exchange);
    const auto* denied = std::get_if<policy::Deny>(&verdict);
    Draft one = Draft::object();
    one.text("check", entry.module->name).text("result", denied != nullptr ? "fail" : "pass");
    if (denied != nullptr) {
      accepted = accepted && entry.options.mode == policy::Mode::observe;
      one.text("reason", denied->reason->id)
          .text("why", denied->evidence.text)
          .text("help", denied->reason->help);
    }
    steps.add(std::move(one));
  }
  return Draft::object()
      .text("route", route.id)
      .set("accepted", accepted)
      .set("checks", std::move(steps));
}

struct Order {
  std::vector<std::string> chain;
  std::string store;
  std::string route;
  WallTime at;
};

Result<Order> read_order(std::string_view text, WallTime now) {
  constexpr std::size_t kMostCertificates = 20;
  const auto parsed = json::parse(text, kLimits);
  if (!parsed) return parsed.error();
  Order order;
  auto chain =
      crypto::read_certificates(parsed->member("pem").string().value_or(""), kMostCertificates);
  if (!chain) return mistake("the certificate: " + chain.error().text);
  order.chain = std::move(*chain);
  order.store = parsed->member("store").string().value_or("");
  order.route = parsed->member("route").string().value_or("");
  order.at = {parsed->member("at").integer().value_or(now.unix_seconds()) * 1000};
  return order;
}

Draft head_draft(const std::string& der, bool accepted, WallTime at) {
  Draft out = Draft::object();
  if (const auto view = crypto::view_certificate(der)) {
    out.text("subject", view->subject)
        .text("issuer", view->issuer)
        .text("serial", view->serial)
        .text("sha256", to_hex(crypto::as_text(view->sha256)))
        .text("not_before", utc_text(view->not_before))
        .text("not_after", utc_text(view->not_after));
  }
  return std::move(out).text("at", utc_text(at.unix_seconds())).set("accepted", accepted);
}

}  // namespace

Result<std::string> explain(const load::Loaded& loaded, std::string_view text, WallTime now) {
  const auto order = read_order(text, now);
  if (!order) return order.error();
  if (!order->store.empty() && !loaded.trust_stores.contains(order->store)) {
    return mistake("there is no trust store \"" + order->store + "\"");
  }
  const policy::Route* route = nullptr;
  if (!order->route.empty() && (route = find_route(loaded, order->route)) == nullptr) {
    return mistake("there is no route \"" + order->route + "\"");
  }
  Draft stores = Draft::array();
  Draft routes = Draft::array();
  bool accepted = false;
  for (const auto& [name, store] : loaded.trust_stores) {
    if (!order->store.empty() && name != order->store) continue;
    const auto verdict = try_chain(order->chain, *store, order->at);
    stores.add(store_draft(*store, verdict));
    const auto* proof = std::get_if<tls::ChainVerifier::Verified>(&verdict);
    bool passes = proof != nullptr;
    if (passes && route != nullptr) routes.add(judge_by_route(*route, *proof, order->at, passes));
    accepted = accepted || passes;
  }
  return head_draft(order->chain.front(), accepted, order->at)
      .set("stores", std::move(stores))
      .set("routes", std::move(routes))
      .dump();
}

}  // namespace sallyport::desk
