#pragma once

// PolicyHarness runs one module without a gateway around it: it builds the plan from YAML text,
// starts the services that the plan asks for, attaches the policy on worker 0 and judges calls.
//
//   PolicyHarness harness(scope::module);
//   ASSERT_TRUE(harness.load("require: [Account]")) << harness.errors();
//   Call call;
//   call.token({.scopes = {"Account"}});
//   EXPECT_THAT(harness.judge(call), Allowed());

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/crypto/verified_certificate.h"
#include "gateway/event/live.h"
#include "gateway/event/loop.h"
#include "gateway/policy/facts.h"
#include "gateway/policy/module.h"

namespace sallyport::test {

// The moment at which calls happen unless they say otherwise, in Unix seconds.
inline constexpr std::int64_t kNow = 1'800'000'000;

// FactMaker makes the facts that only their checkers can make otherwise.
class FactMaker {
 public:
  static policy::VerifiedToken token(policy::TokenClaims claims,
                                     policy::TokenAuthority* authority = nullptr,
                                     std::string_view presented = {}) {
    return policy::VerifiedToken(std::make_shared<const policy::TokenClaims>(std::move(claims)),
                                 authority, presented);
  }
  static policy::ClientIdentity identity(std::string_view name) {
    return policy::ClientIdentity(name);
  }
  static policy::AllowlistedAddress allowlisted() { return {}; }
  static policy::LocatedAddress located(const policy::Location& location, std::string_view tags) {
    return {location, tags};
  }
  static std::shared_ptr<const crypto::VerifiedCertificate> certificate(
      crypto::CertificateView view, crypto::Voucher voucher);
};

// Call is a request on its way through the gateway, and everything that it points to. Setters copy
// their text; they return the call, so that one line can say it all.
class Call {
 public:
  Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  Call& from(std::string_view address);
  Call& method(std::string_view method);
  // target is "/path" or "/path?query", already canonical.
  Call& target(std::string_view target);
  Call& authority(std::string_view authority);
  Call& header(std::string_view name, std::string_view value);
  Call& at(std::int64_t unix_seconds);
  Call& interaction_id(std::string_view id);
  Call& body(std::string_view body);
  Call& certificate(crypto::CertificateView view, std::string trust_store = "clients");
  Call& certificate(crypto::CertificateView view, crypto::Voucher voucher);
  Call& token(policy::TokenClaims claims);
  Call& identity(std::string_view name);
  Call& allowlisted();

  policy::Exchange& exchange() { return exchange_; }
  policy::ConnectionFacts& connection() { return connection_; }
  http::RequestHead& request() { return exchange_.request; }
  // field returns the value of the only request field of that name; "(absent)" or "(several)" else.
  std::string field(std::string_view name) const;

 private:
  Arena arena_;
  policy::ConnectionFacts connection_;
  policy::Facts facts_;
  policy::Exchange exchange_;
};

class TestBroadcast final : public event::Broadcast {
 public:
  // to_all works at once for worker 0, the only one there is, unless held; see hold.
  void to_all(std::function<void(unsigned)> work, std::function<void()> done) override;
  // hold keeps what is posted until release, like a worker that is busy.
  void hold() { held_ = true; }
  void release();

 private:
  bool held_ = false;
  std::vector<std::function<void()>> waiting_;
};

class TestLoadContext final : public policy::LoadContext {
 public:
  explicit TestLoadContext(std::string_view module) : module_(module) {}

  config::Findings& findings() override { return findings_; }
  const config::Findings& seen() const { return findings_; }
  const config::Node* shared_node(std::string_view module) const override;
  bool trust_store_exists(std::string_view name) const override;
  std::vector<policy::IssuerTerms> issuer_terms() const override { return issuers_; }
  bool is_production() const override { return production_; }

  std::vector<std::shared_ptr<policy::Service>> services() const;

  void set_shared(config::Node node) { shared_ = std::move(node); }
  void add_trust_store(std::string name) { trust_stores_.insert(std::move(name)); }
  void add_issuer(policy::IssuerTerms issuer) { issuers_.push_back(std::move(issuer)); }
  void forget_findings() { findings_ = {}; }
  void set_production(bool yes) { production_ = yes; }

 protected:
  std::shared_ptr<policy::Service> find_or_make(
      std::type_index type, const std::string& key,
      const std::function<std::shared_ptr<policy::Service>()>& make) override;

 private:
  struct Made {
    std::type_index type;
    std::string key;
    std::shared_ptr<policy::Service> service;
  };
  const std::string module_;
  config::Findings findings_;
  std::optional<config::Node> shared_;
  std::set<std::string, std::less<>> trust_stores_;
  bool production_ = true;
  std::vector<policy::IssuerTerms> issuers_;
  std::vector<Made> made_;
};

class PolicyHarness {
 public:
  // With `before`, the policy comes after that one in a chain: judge asks the other first, and they
  // share a loop. `before` lives longer.
  explicit PolicyHarness(const policy::Module& module, PolicyHarness* before = nullptr)
      : module_(module),
        before_(before),
        loop_(before != nullptr ? before->loop_ : own_loop_),
        context_(module.name) {}

  // What load will see. `folder` is where the imagined configuration file lies.
  PolicyHarness& shared(std::string_view yaml);
  PolicyHarness& trust_store(std::string name);
  PolicyHarness& issuer(policy::IssuerTerms terms) {
    context_.add_issuer(std::move(terms));
    return *this;
  }
  PolicyHarness& folder(std::string path);
  // needed_later says what a later policy of the chain needs.
  PolicyHarness& needed_later(std::vector<policy::Fact> facts) {
    context_.set_needed(std::move(facts));
    return *this;
  }
  PolicyHarness& sandbox() {
    context_.set_production(false);
    return *this;
  }

  // load builds and attaches; false: errors() says why. May be called again, like a reload.
  bool load(std::string_view yaml);
  // errors returns the findings of the last load, one a line; warnings too.
  std::string errors() const;

  // judge calls on_request and notes the reason as reached; what the policy before refuses or waits
  // for is returned as it is. A reason that the module does not list,
  // or that is of none of its checks where it has some, is a test failure.
  policy::Verdict judge(Call& call);
  // finish runs the loop until a waiting verdict is decided.
  policy::Verdict finish(policy::Verdict verdict, Call& call);
  // respond lets the policy see an answer's head; a refusal of it is noted like any other.
  void respond(Call& call, http::ResponseHead& head);
  // answer lets the policy judge an upstream's answer, if it asks for it, until that is decided;
  // nothing when it does not ask.
  std::optional<policy::Verdict> answer(Call& call, http::ResponseHead& head,
                                        std::string_view body);

  // settle runs the loop until nothing more is ready.
  void settle();
  // command sends an operator's order to every service; returns "status json" of the answer, empty
  // when there was none.
  std::string command(std::string_view verb, std::string_view json);

  policy::Policy& policy() { return *policy_; }
  const policy::Plan& plan() const { return *plan_; }
  event::Loop& loop() { return loop_; }
  TestBroadcast& broadcast() { return broadcast_; }
  std::vector<std::shared_ptr<policy::Service>> services() const { return context_.services(); }
  std::vector<policy::Metric> metrics() const;

 private:
  std::optional<config::Node> parse(std::string_view yaml, std::string_view path);
  policy::Verdict noted(policy::Verdict verdict, Call& call) const;

  const policy::Module& module_;
  PolicyHarness* const before_;
  event::Loop own_loop_;
  event::Loop& loop_;
  TestBroadcast broadcast_;
  TestLoadContext context_;
  policy::AttachContext attach_{0, loop_};
  std::string folder_;
  std::set<const policy::Service*> started_;
  std::shared_ptr<const policy::Plan> plan_;
  std::unique_ptr<policy::Policy> policy_;
};

// require_every_reason makes the test program fail at its end when a reason of the module was never
// reached, so that no refusal goes untested. A filtered run is let off. Use:
//   const bool kCovered = test::require_every_reason(module);
bool require_every_reason(const policy::Module& module);

// checks_of tells what came of the module's checks in a call, after judge or finish: "form+"
// passed, "times-" failed, "age." was not reached. What the call did not need is left out.
std::string checks_of(const policy::Module& module, Call& call, const policy::Verdict& verdict);

// evidence_of returns the evidence of an allow or deny, which lives as long as its call.
std::string evidence_of(const policy::Verdict& verdict);

MATCHER(Allowed, "allowed") {
  if (const auto* deny = std::get_if<policy::Deny>(&arg)) {
    *result_listener << "denied with " << deny->reason->id << " (" << deny->evidence.text << ")";
  }
  return std::holds_alternative<policy::Allow>(arg);
}

MATCHER(Waiting, "waiting") { return std::holds_alternative<policy::Wait>(arg); }

MATCHER_P(DeniedWith, id, std::string("denied with ") + id) {
  const auto* deny = std::get_if<policy::Deny>(&arg);
  if (deny == nullptr) {
    *result_listener << (arg.index() == 0 ? "allowed" : "waiting");
    return false;
  }
  *result_listener << "denied with " << deny->reason->id << " (" << deny->evidence.text << ")";
  return deny->reason->id == std::string_view(id);
}

}  // namespace sallyport::test

namespace sallyport::policy {
// How GoogleTest shows a verdict in a failure.
inline void PrintTo(const Verdict& verdict, std::ostream* out) {
  const auto* deny = std::get_if<Deny>(&verdict);
  *out << (deny ? deny->reason->id : verdict.index() == 0 ? "allow" : "wait");
}
}  // namespace sallyport::policy
