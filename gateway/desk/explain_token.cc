#include "gateway/desk/explain_token.h"

#include <algorithm>
#include <utility>

#include "gateway/json/value.h"
#include "gateway/policy/exchange.h"
#include "gateway/policy/facts.h"
#include "gateway/policy/reasons.h"
#include "gateway/policy/settle.h"

namespace sallyport::desk {
namespace {

using policy::Fact;

bool has(std::span<const Fact> facts, Fact fact) {
  return std::find(facts.begin(), facts.end(), fact) != facts.end();
}

bool gives_token(const policy::ChainEntry& entry) { return has(entry.module->gives, Fact::token); }

// judges_tokens: who gives or needs the token, or judges by it where one is given, and nothing that
// only a real client has.
bool judges_tokens(const policy::ChainEntry& entry) {
  const bool uses_token = has(entry.module->needs, Fact::token) || has(entry.wanted, Fact::token);
  return (gives_token(entry) || uses_token) && !has(entry.module->needs, Fact::identity);
}

// Run is one explanation under way; it owns itself until the end.
class Run : public std::enable_shared_from_this<Run> {
 public:
  Run(event::Loop& loop, policy::AttachedChain& chain, const policy::Route& route, unsigned worker,
      std::shared_ptr<const void> keep, std::function<void(TokenExplanation)> done)
      : chain_(chain),
        route_(route),
        keep_(std::move(keep)),
        done_(std::move(done)),
        exchange_(arena_, connection_, facts_, worker) {
    exchange_.clock = &loop;
    exchange_.started = loop.mono();
    exchange_.route = &route;
    exchange_.explanation = &explanation_;
    connection_.tls_version = "TLSv1.3";
  }

  void start(const std::string& token) {
    http::RequestHead& request = exchange_.request;
    request.method = http::Method::get;
    request.method_text = "GET";
    request.authority = request.host =
        route_.hosts.empty() ? "localhost" : arena_.copy(route_.hosts.front());
    request.target.path = route_.paths.front();
    request.fields.add("authorization", arena_.copy("Bearer " + token));
    advance();
  }

 private:
  void advance() {
    while (next_ < chain_.size()) {
      policy::AttachedEntry& entry = chain_[next_++];
      if (!judges_tokens(*entry.entry)) continue;
      const bool is_fact_missing = !gives_token(*entry.entry) && !exchange_.facts.token;
      if (is_fact_missing && !allowed_) continue;  // who should give it has refused
      judged_.push_back(&entry);
      if (is_fact_missing) {  // who should give it only observes, or is tolerated
        settle(policy::deny(policy::reasons::kFactMissing));
        continue;
      }
      policy::refresh_now(exchange_);
      policy::Verdict verdict = entry.policy->on_request(exchange_);
      if (auto* wait = std::get_if<policy::Wait>(&verdict)) return await(*wait);
      settle(verdict);
    }
    finish();
  }

  void await(policy::Wait& wait) {
    pending_ = wait.take();
    pending_->start(
        [self = shared_from_this()](policy::Verdict verdict) {
          auto ended = std::move(self->pending_);
          if (auto* more = std::get_if<policy::Wait>(&verdict)) return self->await(*more);
          self->settle(verdict);
          self->advance();
        },
        exchange_);
  }

  void settle(const policy::Verdict& verdict) {
    const policy::ChainEntry& entry = *judged_.back()->entry;
    const auto* deny = std::get_if<policy::Deny>(&verdict);
    tell_checks(*entry.module, deny);
    const bool enforced = !policy::settle(exchange_, entry, verdict, 0);
    if (deny == nullptr) return add_check(*entry.module, "verdict", true, "");
    allowed_ = allowed_ && !enforced;
    add_refusal(entry.module->name, deny->reason->id, deny->evidence.text, deny->reason->help,
                enforced);
  }

  // tell_checks: a policy that gave up at the first check that failed has not told of it.
  void tell_checks(const policy::Module& module, const policy::Deny* deny) {
    const policy::CheckMarks marks = std::exchange(exchange_.marks, {});
    bool has_failed = false;
    for (const policy::ToldCheck& told : explanation_.checks()) {
      has_failed = has_failed || !(told.passed || told.is_open);
      has_open_ = has_open_ || told.is_open;
      add_check(module, module.checks[told.place].name,
                told.is_open ? json::Draft::null() : json::Draft(told.passed), told.detail);
    }
    explanation_.clear();
    if (deny == nullptr || has_failed) return;
    if (const auto failed = policy::failed_check(module.checks, marks, *deny->reason)) {
      add_check(module, module.checks[*failed].name, false, deny->evidence.text);
    }
  }

  void add_check(const policy::Module& module, std::string_view check, json::Draft passed,
                 std::string_view detail) {
    checks_.add(json::Draft::object()
                    .set("policy", module.name)
                    .set("check", check)
                    .set("passed", std::move(passed))
                    .set("detail", detail));
  }

  void add_refusal(std::string_view policy, std::string_view reason, std::string_view evidence,
                   std::string_view help, bool enforced) {
    refusals_.add(json::Draft::object()
                      .set("policy", policy)
                      .set("reason", reason)
                      .set("evidence", evidence)
                      .set("help", help)
                      .set("enforced", enforced));
  }

  void finish() {
    for (auto entry = judged_.rbegin(); entry != judged_.rend(); ++entry) {
      (*entry)->policy->on_done(exchange_);
    }
    // Nobody has looked at the token: the route would not ask for one.
    if (judged_.empty()) add_refusal("", "", "", "No policy of this route looks at tokens.", false);
    const bool is_allowed = allowed_ && !judged_.empty();
    json::Draft told = json::Draft::object();
    told.set("route", route_.id)
        .set("allowed", is_allowed && has_open_ ? json::Draft::null() : json::Draft(is_allowed))
        .set("checks", std::move(checks_))
        .set("refusals", std::move(refusals_));
    done_({is_allowed && !has_open_, told.dump()});
  }

  policy::AttachedChain& chain_;
  const policy::Route& route_;
  const std::shared_ptr<const void> keep_;
  const std::function<void(TokenExplanation)> done_;
  Arena arena_;
  policy::ConnectionFacts connection_;
  policy::Facts facts_;
  policy::Exchange exchange_;
  policy::Explanation explanation_;
  std::unique_ptr<policy::Pending> pending_;
  std::vector<policy::AttachedEntry*> judged_;
  std::size_t next_ = 0;
  bool allowed_ = true;
  bool has_open_ = false;  // a check that only a real request could tell
  json::Draft checks_ = json::Draft::array();
  json::Draft refusals_ = json::Draft::array();
};

}  // namespace

void explain_token(event::Loop& loop, policy::AttachedChain& chain, const policy::Route& route,
                   unsigned worker, const std::string& token, std::shared_ptr<const void> keep,
                   std::function<void(TokenExplanation)> done) {
  std::make_shared<Run>(loop, chain, route, worker, std::move(keep), std::move(done))->start(token);
}

}  // namespace sallyport::desk
