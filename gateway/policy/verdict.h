#pragma once

// Verdict is what a policy answers: yes, no because, or not yet.

#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <variant>

#include "gateway/base/clock.h"
#include "gateway/base/result.h"
#include "gateway/event/task.h"
#include "gateway/policy/reason.h"

namespace sallyport::policy {

struct Exchange;

// refresh_now brings exchange.now up to date: between two judgements a body or an answer may have
// taken its time to come.
void refresh_now(Exchange& exchange);

// Hint is all that a refusal may tell the client beyond its class.
struct RetryAfter {
  Seconds delay;
};
struct MissingScope {
  std::string_view scope;  // space separated, from configuration
};
struct AllowedMethods {
  std::string_view methods;  // comma separated, from configuration
};
// DpopChallenge asks for the scheme DPoP (RFC 9449 section 7.1) instead of Bearer.
struct DpopChallenge {
  std::string_view error;       // static; empty when no credentials were sent
  std::string_view algorithms;  // space separated, from configuration
};
using Hint = std::variant<std::monostate, RetryAfter, MissingScope, AllowedMethods, DpopChallenge>;

// Evidence is what the operator needs to believe the verdict: short text "name=value name=value" in
// the exchange's arena (see evidence() in exchange.h). It is logged and never sent.
struct Evidence {
  std::string_view text;
};

struct [[nodiscard]] Allow {
  Evidence evidence;  // usually empty
};

struct [[nodiscard]] Deny {
  const Reason* reason;
  Evidence evidence;
  Hint hint;
};

class Wait;
using Verdict = std::variant<Allow, Deny, Wait>;

// Pending is a started wait. It reports through `resume`, from the ready list, at most once;
// destroying it cancels.
class Pending {
 public:
  virtual ~Pending() = default;
  virtual void start(std::function<void(Verdict)> resume, Exchange& exchange) = 0;
};

class [[nodiscard]] Wait {
 public:
  explicit Wait(std::unique_ptr<Pending> pending) : pending_(std::move(pending)) {}
  std::unique_ptr<Pending> take() { return std::move(pending_); }

 private:
  std::unique_ptr<Pending> pending_;
};

inline Verdict allow(Evidence evidence = {}) { return Allow{evidence}; }
inline Verdict deny(const Reason& reason, Evidence evidence = {}, Hint hint = {}) {
  return Deny{&reason, evidence, hint};
}

namespace internal {

template <class T, class Then>
class PendingTask final : public Pending {
 public:
  PendingTask(event::Task<T> task, Then then) : task_(std::move(task)), then_(std::move(then)) {}

  void start(std::function<void(Verdict)> resume, Exchange& exchange) override {
    task_.then([this, resume = std::move(resume), &exchange](Result<T> result) {
      auto told = resume;  // the verdict may destroy this
      refresh_now(exchange);
      told(then_(exchange, std::move(result)));
    });
  }

 private:
  event::Task<T> task_;
  Then then_;
};

}  // namespace internal

// await makes a verdict of a task: when it completes, `then(Exchange&, Result<T>)` gives the
// verdict. `then` captures nothing that dies sooner than the policy, and re-reads live data.
template <class T, class Then>
Verdict await(event::Task<T> task, Then then) {
  return Wait{std::make_unique<internal::PendingTask<T, Then>>(std::move(task), std::move(then))};
}

}  // namespace sallyport::policy
