#include "gateway/policy/inspection.h"
#include "gateway/policy/facts.h"

#include <algorithm>

#include "gateway/policy/reasons.h"
#include "gateway/policy/settle.h"

namespace sallyport::policy {

Inspection::Inspection(event::Loop& loop, AttachedChain& chain, Exchange& exchange,
                       std::function<void(Ending)> done)
    : loop_(loop), chain_(chain), exchange_(exchange), done_(std::move(done)) {}

Inspection::~Inspection() {
  pending_.reset();
  for (std::size_t i = next_; i-- > 0;) chain_[i].policy->on_done(exchange_);
}

std::size_t Inspection::body_limit(const AttachedChain& chain, const Exchange& exchange) {
  std::size_t limit = 0;
  for (const AttachedEntry& entry : chain) {
    limit = std::max(limit, entry.policy->body_limit(exchange));
  }
  return limit;
}

void Inspection::on_response(AttachedChain& chain, Exchange& exchange, http::ResponseHead& head) {
  refresh_now(exchange);
  for (auto entry = chain.rbegin(); entry != chain.rend(); ++entry) {
    entry->policy->on_response(exchange, head);
  }
}

void Inspection::note_refused_answer(const AttachedChain& chain, Exchange& exchange) {
  const Reason* reason = exchange.answer_refused;
  for (const AttachedEntry& attached : chain) {
    const Module& module = *attached.entry->module;
    if (std::ranges::find(module.reasons, reason) == module.reasons.end()) continue;
    exchange.trail.add({.module = &module, .outcome = Outcome::denied, .reason = reason});
  }
}

void Inspection::advance() {
  while (next_ < chain_.size()) {
    AttachedEntry& attached = chain_[next_];
    step_started_ = loop_.mono();
    ++next_;
    refresh_now(exchange_);
    Verdict verdict = needs_missing(*attached.entry) ? deny(reasons::kFactMissing)
                                                     : attached.policy->on_request(exchange_);
    if (auto* waiting = std::get_if<Wait>(&verdict)) return wait(waiting->take());
    if (!settle(verdict)) return done_(std::get<Deny>(verdict));
  }
  done_(Permit{});
}

bool Inspection::needs_missing(const ChainEntry& entry) const {
  const auto is_missing = [&](Fact fact) {
    switch (fact) {
      case Fact::identity:
        return !exchange_.facts.identity.has_value();
      case Fact::token:
        return !exchange_.facts.token.has_value();
      case Fact::revocations:
        return !exchange_.facts.revocations.has_value();
    }
    return true;
  };
  return std::ranges::any_of(entry.module->needs, is_missing) ||
         std::ranges::any_of(entry.wanted, is_missing);
}

bool Inspection::settle(const Verdict& verdict) {
  return policy::settle(exchange_, *chain_[next_ - 1].entry, verdict,
                        loop_.mono().us - step_started_.us);
}

void Inspection::wait(std::unique_ptr<Pending> pending) {
  pending_ = std::move(pending);
  deadline_.emplace(loop_, static_cast<event::TimerHandler&>(*this));
  deadline_->arm(chain_[next_ - 1].entry->options.deadline);
  pending_->start([this](Verdict verdict) { resume(std::move(verdict)); }, exchange_);
}

void Inspection::resume(Verdict verdict) {
  deadline_.reset();
  pending_.reset();
  if (auto* waiting = std::get_if<Wait>(&verdict)) return wait(waiting->take());
  if (!settle(verdict)) return done_(std::get<Deny>(verdict));
  advance();
}

void Inspection::on_timer() { resume(deny(reasons::kPolicyTooSlow)); }

}  // namespace sallyport::policy
