#include "gateway/desk/explain_token.h"

#include <algorithm>
#include <utility>

#include "gateway/json/json.h"
#include "gateway/policy/exchange.h"
#include "gateway/policy/facts.h"
#include "gateway/policy/reasons.h"
#include "gateway/policy/settle.h"

namespace sallyport::desk {
namespace {

using policy::Fact;

std::string quoted(std::string_view text) {
  std::string out;
  json::append_quoted(out, text);
  return out;
}

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
    if (deny == nullptr) return add_check(*entry.module, "verdict", boolean(true), "");
    allowed_ = allowed_ && !enforced;
    add(refusals_, "{\"policy\":" + quoted(entry.module->name) + ",\"reason\":" +
                       quoted(deny->reason->id) + ",\"evidence\":" + quoted(deny->evidence.text) +
                       ",\"help\":" + quoted(deny->reason->help) +
                       ",\"enforced\":" + (enforced ? "true" : "false") + "}");
  }

  // tell_checks: a policy that gave up at the first check that failed has not told of it.
  void tell_checks(const policy::Module& module, const policy::Deny* deny) {
    const policy::CheckMarks marks = std::exchange(exchange_.marks, {});
    bool has_failed = false;
    for (const policy::ToldCheck& told : explanation_.checks()) {
      has_failed = has_failed || !(told.passed || told.is_open);
      has_open_ = has_open_ || told.is_open;
      add_check(module, module.checks[told.place].name,
                told.is_open ? "null" : boolean(told.passed), told.detail);
    }
    explanation_.clear();
    if (deny == nullptr || has_failed) return;
    if (const auto failed = policy::failed_check(module.checks, marks, *deny->reason)) {
      add_check(module, module.checks[*failed].name, boolean(false), deny->evidence.text);
    }
  }

  static std::string_view boolean(bool value) { return value ? "true" : "false"; }

  void add_check(const policy::Module& module, std::string_view check, std::string_view passed,
                 std::string_view detail) {
    add(checks_, "{\"policy\":" + quoted(module.name) + ",\"check\":" + quoted(check) +
                     ",\"passed\":" + std::string(passed) + ",\"detail\":" + quoted(detail) + "}");
  }

  void finish() {
    for (auto entry = judged_.rbegin(); entry != judged_.rend(); ++entry) {
      (*entry)->policy->on_done(exchange_);
    }
    // Nobody has looked at the token: the route would not ask for one.
    if (judged_.empty())
      add(refusals_, R"({"policy":"","reason":"","evidence":"","help":)"
                     R"("No policy of this route looks at tokens.",)"
                     R"("enforced":false})");
    const bool is_allowed = allowed_ && !judged_.empty();
    const std::string_view told = is_allowed && has_open_ ? "null" : boolean(is_allowed);
    done_({is_allowed && !has_open_, "{\"route\":" + quoted(route_.id) +
                                         ",\"allowed\":" + std::string(told) + ",\"checks\":[" +
                                         checks_ + "],\"refusals\":[" + refusals_ + "]}"});
  }

  static void add(std::string& list, const std::string& item) {
    if (!list.empty()) list += ',';
    list += item;
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
  std::string checks_;
  std::string refusals_;
};

}  // namespace

void explain_token(event::Loop& loop, policy::AttachedChain& chain, const policy::Route& route,
                   unsigned worker, const std::string& token, std::shared_ptr<const void> keep,
                   std::function<void(TokenExplanation)> done) {
  std::make_shared<Run>(loop, chain, route, worker, std::move(keep), std::move(done))->start(token);
}

}  // namespace sallyport::desk
