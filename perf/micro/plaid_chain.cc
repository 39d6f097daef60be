#include "perf/micro/plaid_chain.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/crypto/certificate.h"
#include "gateway/http/h1_request.h"
#include "gateway/http/head_lines.h"
#include "gateway/policy/facts.h"
#include "gateway/policy/inspection.h"
#include "modules/modules.h"
#include "modules/revocation/revocation_keeper.h"
#include "perf/micro/samples.h"
#include "tests/support/test_ca.h"

namespace sallyport::perf {
namespace {

using crypto::SignatureAlgorithm;
using test::KeyKind;

constexpr std::string_view kConfiguration = R"(modules:
  bearer:
    issuers:
      bank:
        issuer: https://login.bank.example
        jwks: { file: jwks.json }
        algorithms: [ES256, PS256, RS256, EdDSA]
        typ: [at+jwt]
  revocation:
    store: { path: revocations }
policies:
  address: { allow: [plaid-current, plaid-legacy] }
  client_cert:
    trust_store: clients
    common_name: ["plaid-mtls-<shortname>.plaid.com"]
    identity: plaid
  bearer:
    audience: ["https://api.bank.example/fdx/v6"]
    max_age: 900s
  revocation:
  scope: { any_of: [Transactions, "fdx:transactions:read"] }
  headers: { security: fdx }
)";

// GeneratedStore has the given number of revocations without keeping them.
class GeneratedStore final : public revocation::RevocationStore {
 public:
  explicit GeneratedStore(std::size_t count) : count_(count) {}

  Result<void> put(const revocation::Record&) override { return {}; }
  Result<void> put_all(std::span<const revocation::Record>) override { return {}; }
  Result<void> mark_synced(std::int64_t) override { return {}; }
  Result<std::int64_t> synced() override { return 0; }
  Result<std::optional<revocation::Record>> find(const std::string&) override {
    return std::optional<revocation::Record>();
  }
  Result<bool> erase(std::span<const std::string>) override { return false; }
  Result<void> for_each(std::string_view, const Visit& visit) override {
    constexpr std::size_t kUnits = revocation::kUnits.size();
    for (std::size_t i = 0; i < count_; ++i) {
      revocation::Record record;
      record.unit = revocation::kUnits[i % kUnits];
      if (i / kUnits % 2 == 0) record.issuer = kIssuer;
      record.value = "revoked-" + std::to_string(i);
      if (!visit({}, record)) break;
    }
    return {};
  }

 private:
  const std::size_t count_;
};

}  // namespace

class BenchContext final : public policy::LoadContext {
 public:
  BenchContext(const config::Node& modules, std::size_t revocations) : modules_(modules) {
    keeper_ = std::make_shared<revocation::RevocationKeeper>(
        [revocations]() -> Result<std::unique_ptr<revocation::RevocationStore>> {
          return std::unique_ptr<revocation::RevocationStore>(
              std::make_unique<GeneratedStore>(revocations));
        });
    services_.push_back(keeper_);
  }

  config::Findings& findings() override { return findings_; }
  const config::Node* shared_node(std::string_view module) const override {
    return modules_.find(module);
  }
  std::vector<policy::IssuerTerms> issuer_terms() const override { return {}; }
  bool is_production() const override { return true; }
  bool trust_store_exists(std::string_view) const override { return true; }

  void start(event::Loop& loop, event::Broadcast& broadcast) {
    for (const auto& service : services_) {
      service->start(loop, broadcast);
      SALLYPORT_CHECK(!service->not_ready());
    }
  }

 protected:
  std::shared_ptr<policy::Service> find_or_make(
      std::type_index type, const std::string&,
      const std::function<std::shared_ptr<policy::Service>()>& make) override {
    if (type == typeid(revocation::RevocationKeeper)) return keeper_;
    services_.push_back(make());
    return services_.back();
  }

 private:
  const config::Node modules_;
  config::Findings findings_;
  std::shared_ptr<revocation::RevocationKeeper> keeper_;
  std::vector<std::shared_ptr<policy::Service>> services_;
};

PlaidChain::PlaidChain(std::size_t revocations) {
  make_keys();
  load(revocations);
  token_ = token_by(0);

  const test::TestCa ca("Clients CA");
  const auto identity = ca.issue({.common_name = "plaid-mtls-firstbank.plaid.com",
                                  .organization = "Plaid Inc.",
                                  .client_auth = true,
                                  .not_after = test::kNow + 200 * 24 * 3600});
  auto view = crypto::view_certificate(identity.der);
  SALLYPORT_CHECK(view.has_value());
  crypto::Voucher clients;
  clients.trust_store = "clients";
  certificate_ = test::FactMaker::certificate(*std::move(view), clients);
  connection_.listener = "public";
  connection_.peer = net::Address::parse(kClientAddress).value();
  connection_.peer_port = 50123;
  connection_.local = net::Address::parse("192.0.2.1").value();
  connection_.local_port = 443;
  connection_.tls_version = "TLSv1.3";
  connection_.tls_cipher = "TLS_AES_128_GCM_SHA256";
  connection_.tls_group = "X25519";
  connection_.sni = kHost;

  head_ = request_head(token_);
  auto parsed = http::parse_request_head(head_, {}, arena_);
  SALLYPORT_CHECK(std::holds_alternative<http::RequestHead>(parsed));
  request_ = std::get<http::RequestHead>(std::move(parsed));
}

PlaidChain::~PlaidChain() = default;

void PlaidChain::make_keys() {
  const auto add = [&](SignatureAlgorithm algorithm, KeyKind kind) {
    const std::string id = "bank-2027-" + std::string(to_string(algorithm));
    keys_.push_back({algorithm, id, test::TestKey::make(kind)});
  };
  add(SignatureAlgorithm::es256, KeyKind::p256);
  add(SignatureAlgorithm::rs256, KeyKind::rsa2048);
  add(SignatureAlgorithm::ps256, KeyKind::rsa2048);
  add(SignatureAlgorithm::eddsa, KeyKind::ed25519);
  const auto jwk = [&](std::size_t i) {
    return keys_[i].key.jwk(keys_[i].id, to_string(keys_[i].algorithm));
  };
  folder_.write("jwks.json", test::jwks({jwk(0), jwk(1), jwk(2), jwk(3)}));
}

std::string PlaidChain::token_by(std::size_t index) const {
  const SigningKey& key = keys_[index];
  const std::string header = R"({"alg":")" + std::string(to_string(key.algorithm)) +
                             R"(","typ":"at+jwt","kid":")" + key.id + R"("})";
  const std::string payload =
      R"({"iss":"https://login.bank.example","sub":"5c0e8a4f2b7d4e1a9c63",)"
      R"("client_id":"plaid","aud":"https://api.bank.example/fdx/v6",)"
      R"("jti":"9Vx0S3mJ7qk2bR5tYwZ1c","scope":"openid offline_access Account Transactions",)"
      R"("fdxConsentId":"c9f2a7e1-4f0b-4e5d-8d0c-2a6b1f3e7d90","iat":)" +
      std::to_string(test::kNow - 100) + R"(,"exp":)" + std::to_string(test::kNow + 800) + "}";
  return test::sign_jwt(key.key, key.algorithm, header, payload);
}

void PlaidChain::load(std::size_t revocations) {
  config::Findings findings;
  const auto file = std::make_shared<const std::string>(folder_.file("sallyport.yaml"));
  const auto root = config::parse_yaml(kConfiguration, file, findings);
  SALLYPORT_CHECK(root.has_value());
  context_ = std::make_unique<BenchContext>(*root->find("modules"), revocations);
  chain_ = policy::load_chain(*root->find("policies"), all_modules(), *context_);
  for (const auto& finding : context_->findings().all()) {
    std::fprintf(stderr, "%s\n", finding.text().c_str());
  }
  SALLYPORT_CHECK(!context_->findings().has_errors());
  context_->start(loop_, broadcast_);
}

policy::AttachedChain PlaidChain::attach(std::size_t count) {
  policy::AttachedChain attached;
  for (std::size_t i = 0; i < count; ++i) {
    attached.push_back({&chain_[i], chain_[i].module->attach(chain_[i].plan, attach_)});
  }
  return attached;
}

const policy::ChainEntry& PlaidChain::entry(std::string_view module) const {
  const auto found =
      std::ranges::find(chain_, module, [](const auto& each) { return each.module->name; });
  SALLYPORT_CHECK(found != chain_.end());
  return *found;
}

std::unique_ptr<policy::Policy> PlaidChain::attach_only(std::string_view module) {
  return entry(module).module->attach(entry(module).plan, attach_);
}

std::shared_ptr<const bearer::BearerPlan> PlaidChain::bearer_plan() const {
  return std::static_pointer_cast<const bearer::BearerPlan>(entry("bearer").plan);
}

void PlaidChain::begin(policy::Exchange& exchange) const {
  exchange.now = {test::kNow * 1000};
  exchange.facts.client_address = connection_.peer;
  exchange.facts.client_certificate = certificate_;
  exchange.interaction_id = kInteractionId;
}

// Room is made for the fields as the parser makes it, which a copy of the head would not do.
void PlaidChain::add_request(policy::Exchange& exchange) const {
  http::RequestHead& request = exchange.request;
  request.method = request_.method;
  request.method_text = request_.method_text;
  request.target = request_.target;
  request.authority = request_.authority;
  request.host = request_.host;
  request.fields.reserve(http::kOrdinaryFields);
  for (const http::Field& field : request_.fields) request.fields.add(field.name, field.value);
}

PlaidChain& plaid_chain(std::size_t revocations) {
  static std::unique_ptr<PlaidChain> chain;
  static std::size_t made_with = 0;
  if (!chain || made_with != revocations) {
    chain.reset();
    chain = std::make_unique<PlaidChain>(revocations);
    made_with = revocations;
  }
  return *chain;
}

Inspected::Inspected(PlaidChain& plaid) : exchange_(arena_, plaid.connection(), facts_, 0) {
  plaid.begin(exchange_);
  plaid.add_request(exchange_);
  exchange_.id = Uuid::from_random({1, 2, 3});
  auto chain = plaid.attach(plaid.size());
  bool permitted = false;
  policy::Inspection inspection(plaid.loop(), chain, exchange_, [&](auto ending) {
    permitted = std::holds_alternative<policy::Permit>(ending);
  });
  inspection.start();
  SALLYPORT_CHECK(permitted);
}

}  // namespace sallyport::perf
