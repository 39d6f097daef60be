#include "gateway/ratelimit/limit_policy.h"

#include <fmt/core.h>

#include "gateway/base/text.h"

namespace sallyport::ratelimit {
namespace {

using policy::Exchange;
using policy::Verdict;

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
// Nobody knows when one of those that are under way will end.
constexpr std::int64_t kConcurrentWaitNs = kNsPerSecond;

std::int64_t seconds_up(std::int64_t ns) { return (ns + kNsPerSecond - 1) / kNsPerSecond; }

// Shown is what the answer tells of the limit that is nearest, whichever policy's it is.
struct Shown {
  std::int64_t limit = 0;
  std::int64_t remaining = -1;  // negative: nothing to tell yet
  std::int64_t reset_s = 0;

  void take(const Rate& rate, const Level& level, std::int64_t now_remaining) {
    if (remaining >= 0 && remaining <= now_remaining) return;
    *this = {rate.burst, now_remaining, seconds_up(level.full_in_ns)};
  }
};
// Its address is the owner of the note: rate and quota write into one.
constexpr char kShown = 0;

// Entered are the counts in which an exchange stands until it is done.
struct Entered {
  std::array<KeyTable::Slot*, kMaxLimits> slots{};
  std::size_t size = 0;
};

std::string_view decimal(Exchange& exchange, std::int64_t number) {
  constexpr std::size_t kDigits = 20;
  char* to = static_cast<char*>(exchange.arena.allocate(kDigits, 1));
  const auto end = fmt::format_to_n(to, kDigits, "{}", number);
  return {to, end.size};
}

}  // namespace

// Charges are what one request has taken so far; unless kept, all is given back.
class LimitPolicy::Charges {
 public:
  ~Charges() {
    if (is_kept_) return;
    for (std::size_t i = 0; i < size_; ++i) KeyTable::take_back(*all_[i].slot, all_[i].amount);
  }
  Charges() = default;
  Charges(const Charges&) = delete;
  Charges& operator=(const Charges&) = delete;

  void add(KeyTable::Slot* slot, std::int64_t amount) { all_[size_++] = {slot, amount}; }
  void keep() { is_kept_ = true; }
  // leave_to gives the counts to the exchange, which leaves them when it is done.
  void leave_to(Entered& entered) const {
    for (std::size_t i = 0; i < size_; ++i) {
      if (all_[i].amount < 0) entered.slots[entered.size++] = all_[i].slot;
    }
  }

 private:
  struct Charge {
    KeyTable::Slot* slot;
    std::int64_t amount;
  };
  std::array<Charge, 2 * kMaxLimits> all_;
  std::size_t size_ = 0;
  bool is_kept_ = false;
};

LimitPolicy::LimitPolicy(std::shared_ptr<const LimitPlan> plan, unsigned worker)
    : plan_(std::move(plan)) {
  if (plan_->ledger) plan_->ledger->open(worker);
}

Verdict LimitPolicy::on_request(Exchange& exchange) {
  const std::int64_t now = exchange.started.us * 1000;
  LimitState& state = *plan_->state;
  Shown& shown = exchange.notes.get<Shown>(exchange.arena, &kShown);
  std::array<Taken, kMaxLimits> taken;
  std::size_t takings = 0;
  Charges charges;
  for (const auto& limit : plan_->limits) {
    const auto [rule, tier] = limit->match(exchange);
    const crypto::Hash128 key = limit->key_of(exchange, *rule, state.key());
    if (rule->concurrent != 0) {
      const auto entered = state.counts(tier).change(key, 0, Enter{rule->concurrent});
      if (entered.slot == nullptr) {
        return refuse(exchange, *limit, *rule, *plan_->reasons.table_full, 0);
      }
      if (!entered.is_changed) {
        return refuse(exchange, *limit, *rule, *plan_->reasons.concurrent, kConcurrentWaitNs);
      }
      charges.add(entered.slot, -1);
    }
    if (!rule->rate) continue;
    const TakeOne one{rule->rate, now};
    const auto took = state.buckets(tier).change(key, now, one);
    if (took.slot == nullptr) {
      return refuse(exchange, *limit, *rule, *plan_->reasons.table_full, 0);
    }
    Level level = Level::of(rule->rate, took.before, now);
    if (!took.is_changed) {
      shown.take(rule->rate, level, 0);
      return refuse(exchange, *limit, *rule, *plan_->reasons.exceeded, level.next_in_ns);
    }
    charges.add(took.slot, rule->rate.interval_ns);
    taken[takings++] = {key, rule->rate.interval_ns, tier};
    level = Level::of(rule->rate, *one.next(took.before), now);
    shown.take(rule->rate, level, level.remaining);
  }
  // An operator asks what would come of it: everything is given back, and nothing is counted.
  if (exchange.explanation != nullptr) return policy::allow();
  charges.keep();
  if (plan_->has_concurrent) {
    charges.leave_to(exchange.notes.get<Entered>(exchange.arena, this));
  }
  for (const auto& limit : plan_->limits) add_one(limit->tally(exchange.worker).allowed);
  for (std::size_t i = 0; plan_->ledger && i < takings; ++i) {
    plan_->ledger->add(exchange.worker, taken[i].key, taken[i].amount_ns, taken[i].tier);
  }
  return policy::allow();
}

Verdict LimitPolicy::refuse(Exchange& exchange, const Limit& limit, const Rule& rule,
                            const policy::Reason& reason, std::int64_t wait_ns) {
  Tally& tally = limit.tally(exchange.worker);
  if (exchange.explanation == nullptr)
    add_one(&reason == plan_->reasons.exceeded     ? tally.exceeded
            : &reason == plan_->reasons.concurrent ? tally.concurrent
                                                   : tally.table_full);
  policy::Hint hint;
  if (wait_ns > 0) hint = policy::RetryAfter{Seconds(seconds_up(wait_ns))};
  return policy::deny(reason,
                      policy::evidence(exchange, "limit={} {} {} wait_ms={}", limit.name(),
                                       rule.text, limit.describe(exchange), wait_ns / 1'000'000),
                      hint);
}

// The three fields are those of draft-ietf-httpapi-ratelimit-headers up to -06, which clients know.
// An upstream's own would speak of another limit.
void LimitPolicy::on_response(Exchange& exchange, http::ResponseHead& head) {
  const Shown* shown = exchange.notes.find<Shown>(&kShown);
  if (shown == nullptr || shown->remaining < 0) return;
  constexpr std::array<http::FieldName, 3> kNames = {http::FieldName("RateLimit-Limit"),
                                                     http::FieldName("RateLimit-Remaining"),
                                                     http::FieldName("RateLimit-Reset")};
  const std::array<std::int64_t, 3> values = {shown->limit, shown->remaining, shown->reset_s};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    head.fields.remove(kNames[i].text());
    head.fields.add(kNames[i], decimal(exchange, values[i]));
  }
}

void LimitPolicy::on_done(const Exchange& exchange) noexcept {
  Entered* entered = exchange.notes.find<Entered>(this);
  if (entered == nullptr) return;
  for (std::size_t i = 0; i < entered->size; ++i) KeyTable::take_back(*entered->slots[i], -1);
  entered->size = 0;
}

}  // namespace sallyport::ratelimit
