#pragma once

// AnswerInspection lets the policies that asked for it judge an upstream's answer before the client
// sees any of it: in reverse chain order, with the deadlines, observe mode and fail-open of
// requests.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "gateway/event/loop.h"
#include "gateway/event/watch.h"
#include "gateway/policy/chain.h"
#include "gateway/policy/exchange.h"
#include "gateway/policy/policy.h"
#include "gateway/policy/verdict.h"

namespace sallyport::policy {

class AnswerInspection final : private event::TimerHandler {
 public:
  // `done` is told once, possibly inside start, with the refusal that takes the answer's place, or
  // nothing. The answer lives as long as the inspection; destroying it cancels what it waits for.
  AnswerInspection(event::Loop& loop, AttachedChain& chain, Exchange& exchange, Answer answer,
                   std::function<void(std::optional<Deny>)> done);

  void start() { advance(); }
  // limit is how much of the answer's body is wanted; zero: nobody wants the answer held.
  static std::size_t limit(const AttachedChain& chain, const Exchange& exchange,
                           const http::ResponseHead& head);

 private:
  void advance();
  // conclude goes on, or tells the refusal.
  void conclude(Verdict verdict);
  void on_timer() override;

  event::Loop& loop_;
  AttachedChain& chain_;
  Exchange& exchange_;
  const Answer answer_;
  std::function<void(std::optional<Deny>)> done_;
  std::unique_ptr<Pending> pending_;
  std::optional<event::Timer> deadline_;
  MonoTime step_started_{};
  std::size_t left_;  // entries that are still to be asked: those before this index
};

}  // namespace sallyport::policy
