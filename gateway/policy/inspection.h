#pragma once

// Inspection runs a chain over an exchange and ends in a Permit or a Deny. It is the one home of
// observe mode, deadlines and fail-open, and the only maker of permits.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <variant>

#include "gateway/event/loop.h"
#include "gateway/event/watch.h"
#include "gateway/policy/chain.h"
#include "gateway/policy/exchange.h"
#include "gateway/policy/verdict.h"

namespace sallyport::policy {

// Permit proves that the whole chain allowed the exchange. Forwarding takes one by value.
class Permit {
 public:
  Permit(Permit&&) = default;
  Permit& operator=(Permit&&) = default;

 private:
  friend class Inspection;
  Permit() = default;
};

class Inspection final : private event::TimerHandler {
 public:
  using Ending = std::variant<Permit, Deny>;

  // `done` is told once, possibly inside start; then never again. Destroying the inspection cancels
  // what it waits for.
  Inspection(event::Loop& loop, AttachedChain& chain, Exchange& exchange,
             std::function<void(Ending)> done);
  ~Inspection();

  void start() { advance(); }
  // body_limit is the largest body that any policy wants to see whole; zero: none does.
  static std::size_t body_limit(const AttachedChain& chain, const Exchange& exchange);
  // on_response lets the policies see an answer's head, in reverse order; all of them, since what a
  // policy puts on every answer it puts on refusals as well.
  static void on_response(AttachedChain& chain, Exchange& exchange, http::ResponseHead& head);
  // note_refused_answer puts into the trail who wants an upstream's answer replaced
  // (exchange.answer_refused).
  static void note_refused_answer(const AttachedChain& chain, Exchange& exchange);

 private:
  void advance();
  // settle records the verdict of the current entry; false: the exchange is refused.
  bool settle(const Verdict& verdict);
  bool needs_missing(const ChainEntry& entry) const;
  void wait(std::unique_ptr<Pending> pending);
  void resume(Verdict verdict);
  void on_timer() override;

  event::Loop& loop_;
  AttachedChain& chain_;
  Exchange& exchange_;
  std::function<void(Ending)> done_;
  std::unique_ptr<Pending> pending_;
  std::optional<event::Timer> deadline_;
  MonoTime step_started_{};
  std::size_t next_ = 0;
};

}  // namespace sallyport::policy
