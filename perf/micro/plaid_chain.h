#pragma once

// PlaidChain is the chain of conf/plaid.yaml for one route, loaded from YAML as the gateway loads
// it, with keys, a client certificate and a token made for it, and as many revocations as wanted.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/event/loop.h"
#include "gateway/policy/chain.h"
#include "gateway/policy/exchange.h"
#include "gateway/policy/facts.h"
#include "modules/bearer/plan.h"
#include "tests/support/policy_harness.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_key.h"

namespace sallyport::perf {

class BenchContext;

// SigningKey is one key of the issuer.
struct SigningKey {
  crypto::SignatureAlgorithm algorithm;
  std::string id;
  test::TestKey key;
};

class PlaidChain {
 public:
  // Revocations are of all five units, half of them for the token's issuer and half for any; none
  // is of the token.
  explicit PlaidChain(std::size_t revocations);
  ~PlaidChain();
  PlaidChain(const PlaidChain&) = delete;
  PlaidChain& operator=(const PlaidChain&) = delete;

  std::size_t size() const { return chain_.size(); }
  // attach makes worker 0's policies of the first `count` entries; all share one token cache.
  policy::AttachedChain attach(std::size_t count);
  // attach_only makes the policy of that module.
  std::unique_ptr<policy::Policy> attach_only(std::string_view module);
  std::shared_ptr<const bearer::BearerPlan> bearer_plan() const;

  event::Loop& loop() { return loop_; }
  const policy::ConnectionFacts& connection() const { return connection_; }
  const std::string& token() const { return token_; }
  const std::vector<SigningKey>& keys() const { return keys_; }
  // token_by returns a token of ordinary claims, signed by keys()[index].
  std::string token_by(std::size_t index) const;

  // begin fills in what an exchange has of its connection; add_request the parsed request.
  void begin(policy::Exchange& exchange) const;
  void add_request(policy::Exchange& exchange) const;

 private:
  void make_keys();
  void load(std::size_t revocations);
  const policy::ChainEntry& entry(std::string_view module) const;

  test::TempDir folder_;
  event::Loop loop_;
  test::TestBroadcast broadcast_;
  std::vector<SigningKey> keys_;
  std::string token_;
  std::unique_ptr<BenchContext> context_;
  policy::Chain chain_;
  policy::AttachContext attach_{0, loop_};
  policy::ConnectionFacts connection_;
  std::shared_ptr<const crypto::VerifiedCertificate> certificate_;
  std::string head_;
  Arena arena_;
  http::RequestHead request_;
};

// plaid_chain returns a chain with that many revocations; the one of another number is forgotten,
// since a million of them take a while to make and a lot of memory to keep.
PlaidChain& plaid_chain(std::size_t revocations);

// Inspected is a permitted exchange with its trail, for the rows about what is said of it.
class Inspected {
 public:
  explicit Inspected(PlaidChain& plaid);
  policy::Exchange& exchange() { return exchange_; }

 private:
  Arena arena_;
  policy::Facts facts_;
  policy::Exchange exchange_;
};

}  // namespace sallyport::perf
