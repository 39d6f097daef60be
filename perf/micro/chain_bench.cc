// Rows of the chain: revocation alone, the inspection policy by policy, and all that the gateway
// does for a request besides sockets and TLS.

#include <string>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/crypto/random.h"
#include "gateway/http/h1_request.h"
#include "gateway/http/h1_response.h"
#include "gateway/http/head_scan.h"
#include "gateway/http/serialise.h"
#include "gateway/metrics/metrics.h"
#include "gateway/observe/decision_ring.h"
#include "gateway/observe/record.h"
#include "gateway/policy/facts.h"
#include "gateway/policy/inspection.h"
#include "gateway/policy/route.h"
#include "perf/micro/measure.h"
#include "perf/micro/plaid_chain.h"
#include "perf/micro/samples.h"

namespace sallyport::perf {
namespace {

using benchmark::DoNotOptimize;

constexpr std::size_t kRevocations = 1000;

std::vector<policy::VerifiedToken> many_tokens(std::size_t count) {
  std::vector<policy::VerifiedToken> tokens;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    policy::TokenClaims claims;
    claims.issuer = kIssuer;
    claims.subject = "5c0e8a4f2b7d4e1a9c63" + number;
    claims.client_id = "plaid";
    claims.token_id = "9Vx0S3mJ7qk2bR5tYwZ1c" + number;
    claims.key_id = "bank-2027-ES256";
    claims.consent_id = "c9f2a7e1-4f0b-4e5d-8d0c-" + number;
    claims.issued_at = test::kNow - 100;
    tokens.push_back(test::FactMaker::token(std::move(claims)));
  }
  return tokens;
}

// All units of a token, each by its issuer and by any. Many tokens, so that the table is
// not in the processor's cache more than it would be.
void revocation_lookup(benchmark::State& state) {
  PlaidChain& plaid = plaid_chain(static_cast<std::size_t>(state.range(0)));
  const auto policy = plaid.attach_only("revocation");
  const auto tokens = many_tokens(16'384);
  Inspected inspected(plaid);
  policy::Exchange& exchange = inspected.exchange();
  Cycle cycle(tokens.size());
  measure(state, [&] {
    exchange.facts.token = tokens[cycle.next()];
    const auto verdict = policy->on_request(exchange);
    SALLYPORT_CHECK(std::holds_alternative<policy::Allow>(verdict));
  });
}
BENCHMARK(revocation_lookup)
    ->Name("revocation/all_units")
    ->Arg(0)
    ->Arg(1000)
    ->Arg(100'000)
    ->Arg(1'000'000);

// The first `range` policies; none is the exchange alone.
void inspect(benchmark::State& state) {
  PlaidChain& plaid = plaid_chain(kRevocations);
  auto chain = plaid.attach(static_cast<std::size_t>(state.range(0)));
  state.SetLabel(chain.empty() ? "exchange only"
                               : "up to " + std::string(chain.back().entry->module->name));
  Arena arena;
  measure(state, [&] {
    arena.reset();
    policy::Facts facts;
    policy::Exchange exchange(arena, plaid.connection(), facts, 0);
    plaid.begin(exchange);
    plaid.add_request(exchange);
    bool permitted = false;
    policy::Inspection inspection(plaid.loop(), chain, exchange, [&](auto ending) {
      permitted = std::holds_alternative<policy::Permit>(ending);
    });
    inspection.start();
    SALLYPORT_CHECK(permitted);
  });
}
BENCHMARK(inspect)->Name("policy/inspect")->DenseRange(0, 6);

void inspect_refused(benchmark::State& state) {
  PlaidChain& plaid = plaid_chain(kRevocations);
  auto chain = plaid.attach(plaid.size());
  const auto stranger = net::Address::parse("192.0.2.66").value();
  Arena arena;
  measure(state, [&] {
    arena.reset();
    policy::Facts facts;
    policy::Exchange exchange(arena, plaid.connection(), facts, 0);
    plaid.begin(exchange);
    plaid.add_request(exchange);
    exchange.facts.client_address = stranger;
    bool permitted = true;
    policy::Inspection inspection(plaid.loop(), chain, exchange, [&](auto ending) {
      permitted = std::holds_alternative<policy::Permit>(ending);
    });
    inspection.start();
    SALLYPORT_CHECK(!permitted);
  });
}
BENCHMARK(inspect_refused)->Name("policy/inspect_refused_by_address");

// The answer's way through the chain; parsing it is in the time, see http/response_parse.
void on_response(benchmark::State& state) {
  PlaidChain& plaid = plaid_chain(kRevocations);
  auto chain = plaid.attach(plaid.size());
  Inspected inspected(plaid);
  measure(state, [&] {
    auto parsed = http::parse_response_head(kResponseHead, http::Method::get, {});
    policy::Inspection::on_response(chain, inspected.exchange(),
                                    std::get<http::ResponseHead>(parsed));
    DoNotOptimize(parsed);
  });
}
BENCHMARK(on_response)->Name("policy/on_response");

// OneRequest does for a forwarded request what a worker does, from the octets of both heads.
class OneRequest {
 public:
  explicit OneRequest(PlaidChain& plaid)
      : plaid_(plaid), chain_(plaid.attach(plaid.size())), head_(request_head(plaid.token())) {
    route_.id = "fdx-transactions";
    route_.hosts = {std::string(kHost)};
    route_.paths = {"/fdx/v6/accounts/{accountId}/transactions"};
    route_.methods = {"GET"};
    SALLYPORT_CHECK(table_.add(route_).has_value());
    status_ = registry_.counter("requests_total", "");
    duration_ = registry_.histogram("request_seconds", "");
  }

  void run() {
    arena_.reset();
    policy::Facts facts;
    policy::Exchange exchange(arena_, plaid_.connection(), facts, 0);
    plaid_.begin(exchange);
    exchange.id = ids_.next();
    http::HeadScan scan;
    SALLYPORT_CHECK(http::find_head_end(head_, http::StartLine::request, {}, scan).length ==
                    head_.size());
    auto parsed = http::parse_request_head(head_, {}, arena_);
    SALLYPORT_CHECK(std::holds_alternative<http::RequestHead>(parsed));
    exchange.request = std::get<http::RequestHead>(std::move(parsed));
    const auto match = table_.find(exchange.request.host, exchange.request.target.path,
                                   exchange.request.method_text);
    SALLYPORT_CHECK(match.index() == 0);
    exchange.route = std::get<const policy::Route*>(match);
    bool permitted = false;
    policy::Inspection inspection(plaid_.loop(), chain_, exchange, [&](auto ending) {
      permitted = std::holds_alternative<policy::Permit>(ending);
    });
    inspection.start();
    SALLYPORT_CHECK(permitted);
    to_upstream_.clear();
    SALLYPORT_CHECK(
        http::append_request_head(exchange.request, http::Persistence::keep, to_upstream_));
    answer(exchange);
    record(exchange);
  }

 private:
  void answer(policy::Exchange& exchange) {
    http::HeadScan scan;
    SALLYPORT_CHECK(http::find_head_end(kResponseHead, http::StartLine::status, {}, scan).length ==
                    kResponseHead.size());
    auto parsed = http::parse_response_head(kResponseHead, http::Method::get, {});
    auto& head = std::get<http::ResponseHead>(parsed);
    policy::Inspection::on_response(chain_, exchange, head);
    to_client_.clear();
    SALLYPORT_CHECK(http::append_response_head(head, http::Persistence::keep, to_client_));
  }

  void record(const policy::Exchange& exchange) {
    observe::RequestRecord record;
    record.exchange = &exchange;
    record.route = route_.id;
    record.path = exchange.request.target.path;
    record.status = 200;
    record.upstream = "fdx";
    record.upstream_address = "127.0.0.1:8080";
    record.total_us = 1200;
    log_.clear();
    observe::append_access_line(log_, record);
    ring_.add(record);
    bank_.add(status_);
    duration_.observe(bank_, record.total_us);
  }

  PlaidChain& plaid_;
  policy::AttachedChain chain_;
  const std::string head_;
  policy::Route route_;
  policy::RouteTable table_;
  crypto::UuidMint ids_;
  Arena arena_;
  std::string to_upstream_, to_client_, log_;
  observe::DecisionRing ring_;
  metrics::Registry registry_;
  metrics::Bank bank_;
  metrics::Slot status_ = 0;
  metrics::Histogram duration_;
};

void whole_request(benchmark::State& state) {
  PlaidChain& plaid = plaid_chain(kRevocations);
  OneRequest request(plaid);
  measure(state, [&] { request.run(); });
}
BENCHMARK(whole_request)->Name("request/all_but_sockets_and_tls");

}  // namespace
}  // namespace sallyport::perf
