#include "gateway/policy/answer_inspection.h"

#include <algorithm>
#include <utility>

#include "gateway/policy/reasons.h"
#include "gateway/policy/settle.h"

namespace sallyport::policy {

AnswerInspection::AnswerInspection(event::Loop& loop, AttachedChain& chain, Exchange& exchange,
                                   Answer answer, std::function<void(std::optional<Deny>)> done)
    : loop_(loop),
      chain_(chain),
      exchange_(exchange),
      answer_(answer),
      done_(std::move(done)),
      left_(chain.size()) {}

std::size_t AnswerInspection::limit(const AttachedChain& chain, const Exchange& exchange,
                                    const http::ResponseHead& head) {
  std::size_t limit = 0;
  for (const AttachedEntry& entry : chain) {
    limit = std::max(limit, entry.policy->answer_limit(exchange, head));
  }
  return limit;
}

void AnswerInspection::advance() {
  while (left_ > 0) {
    Policy& policy = *chain_[--left_].policy;
    const std::size_t wanted = policy.answer_limit(exchange_, answer_.head);
    if (wanted == 0) continue;
    step_started_ = loop_.mono();
    refresh_now(exchange_);
    // Another policy may have asked for more of the body.
    const bool fits = answer_.is_whole && answer_.body.size() <= wanted;
    return conclude(policy.on_answer(
        exchange_, {answer_.head, fits ? answer_.body : std::string_view(), fits}));
  }
  done_(std::nullopt);
}

void AnswerInspection::conclude(Verdict verdict) {
  deadline_.reset();
  pending_.reset();
  const ChainEntry& entry = *chain_[left_].entry;
  if (auto* waiting = std::get_if<Wait>(&verdict)) {
    pending_ = waiting->take();
    deadline_.emplace(loop_, static_cast<event::TimerHandler&>(*this));
    deadline_->arm(entry.options.deadline);
    return pending_->start([this](Verdict told) { conclude(std::move(told)); }, exchange_);
  }
  if (settle(exchange_, entry, verdict, loop_.mono().us - step_started_.us)) return advance();
  done_(std::get<Deny>(verdict));
}

void AnswerInspection::on_timer() { conclude(deny(reasons::kPolicyTooSlow)); }

}  // namespace sallyport::policy
