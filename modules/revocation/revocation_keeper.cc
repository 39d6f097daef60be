#include "modules/revocation/revocation_keeper.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>

#include "modules/revocation/issuer.h"

namespace sallyport::revocation {
namespace {

constexpr int kTicksBetweenOpens = 5;
// Records looked at in one go, so that the control thread is never busy for long.
constexpr std::size_t kSweepStep = 512;
constexpr std::size_t kListStep = 20'000;

// What a source told is copied to the disk after so long: one commit for all.
constexpr Milliseconds kCopyEvery{100};

Mark mark_of(const Record& record) { return {record.cutoff, record.expires}; }

std::string jump_text(Milliseconds jump, Seconds trial) {
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.1f",
                std::abs(static_cast<double>(jump.count())) / 1000);
  return "the wall clock has jumped " + std::string(jump.count() > 0 ? "ahead" : "back") + " by " +
         seconds +
         " s against CLOCK_BOOTTIME; revocations that end stay in force and on disk until the "
         "clocks have "
         "kept step for " +
         std::to_string(trial.count()) + " s";
}

bool is_wanted(const Record& record, const ListOrder& order) {
  return (!order.unit || *order.unit == record.unit) &&
         (order.value.empty() || order.value == record.value) &&
         (order.issuer.empty() || order.issuer == record.issuer);
}

}  // namespace

RevocationKeeper::~RevocationKeeper() {
  if (store_ && !unwritten_.empty()) (void)copy_to_disk();  // nobody is left to tell
}

void RevocationKeeper::start(event::Loop& control, event::Broadcast& broadcast) {
  loop_ = &control;
  broadcast_ = &broadcast;
  look_at_clock();
  try_open();
  every_.emplace(control, tick_every_, [this] { tick(); });
  copying_.emplace(control, kCopyEvery, [this] {
    if (!unwritten_.empty()) write_down();
  });
}

void RevocationKeeper::look_at_clock() {
  const ClockReading now = clock_.read();
  const bool was_settled = watch_.is_settled();
  if (const auto jump = watch_.look(now)) {
    ++clock_jumps_;
    ++clock_turns_;
    notices_.push_back({"error", "clock_jumped", jump_text(*jump, watch_.trial())});
  }
  if (!was_settled && watch_.is_settled()) ++clock_turns_;
  over_ = watch_.is_settled() ? now.wall.unix_seconds() : RevocationSet::kNothingEnds;
  set_->forget_until(over_);
}

void RevocationKeeper::tick() {
  look_at_clock();
  if (store_) return sweep();
  if (++ticks_ % kTicksBetweenOpens == 0) try_open();
}

void RevocationKeeper::try_open() {
  auto store = open_();
  if (!store) {
    failed(store.error());
    problem_ = store.error().text;
    return;
  }
  auto read = (*store)->for_each({}, [&](std::string_view, const Record& record) {
    if (!is_over(record.expires)) {
      set_->put(record.unit, issuer_id(record.issuer), record.value, mark_of(record));
      set_->take_retired();  // nobody reads before the set is ready
    }
    return true;
  });
  const auto synced = (*store)->synced();
  if (!read || !synced) {
    const Error& error = read ? synced.error() : read.error();
    failed(error);
    problem_ = error.text;
    return;
  }
  store_ = *std::move(store);
  problem_.clear();
  synced_on_disk_ = *synced;
  awaits_source_ = has_source_ && set_->size() == 0 && *synced == 0;
  if (!awaits_source_) set_->set_ready();
  when_everywhere([] {});
}

std::optional<std::string> RevocationKeeper::not_ready() const {
  if (!problem_.empty()) return problem_;
  if (awaits_source_) {
    return "the revocations were never read from Redis, and there are none on disk";
  }
  return std::nullopt;
}

std::vector<std::string> RevocationKeeper::problems() const {
  if (!watch_.has_jumped()) return {};
  return {
      "the wall clock has jumped, so revocations that end now stay in force and on disk until it "
      "has "
      "kept step with the machine's own clock for modules.revocation.clock_trial"};
}

void RevocationKeeper::metrics(std::vector<policy::Metric>& to) const {
  for (const Unit unit : kUnits) {
    to.push_back({"revocation_entries", "Revocations in force.", false, "unit",
                  std::string(unit_name(unit)), static_cast<double>(set_->listed(unit))});
  }
  to.push_back({"revocation_store_failures_total",
                "Failed uses of the revocation store.",
                true,
                {},
                {},
                static_cast<double>(failures_)});
  to.push_back({"revocation_clock_jumps_total",
                "Times that the wall clock was seen to jump.",
                true,
                {},
                {},
                static_cast<double>(clock_jumps_)});
  to.push_back({"revocation_clock_believed",
                "Whether the wall clock has passed its trial, so that revocations may end by it.",
                false,
                {},
                {},
                watch_.is_settled() ? 1.0 : 0.0});
  to.push_back({"revocation_ready",
                "Whether the revocations have been read.",
                false,
                {},
                {},
                set_->is_ready() ? 1.0 : 0.0});
}

RevocationKeeper::Refusal RevocationKeeper::failed(const Error& error) {
  ++failures_;
  return {503, error.text};
}

std::optional<RevocationKeeper::Refusal> RevocationKeeper::not_open() const {
  if (store_) return std::nullopt;
  return Refusal{503, problem_};
}

std::optional<RevocationKeeper::Refusal> RevocationKeeper::revoke(Record& record,
                                                                  std::size_t max_entries) {
  if (auto refusal = not_open()) return refusal;
  if (!write_down()) return Refusal{503, "the revocation store cannot be written"};
  const auto known = store_->find(record_key(record.unit, record.issuer, record.value));
  if (!known) return failed(known.error());
  if (known->has_value()) {
    record.cutoff = std::max(record.cutoff, (*known)->cutoff);
    record.expires = std::max(record.expires, (*known)->expires);
  } else if (set_->size() >= max_entries) {
    return Refusal{507, "there are " + std::to_string(max_entries) +
                            " revocations already; reinstate some, revoke a subject, client or key "
                            "instead of single tokens, or raise modules.revocation.max_entries"};
  }
  if (auto stored = store_->put(record); !stored) return failed(stored.error());
  set_->put(record.unit, issuer_id(record.issuer), record.value, mark_of(record));
  return std::nullopt;
}

std::optional<RevocationKeeper::Refusal> RevocationKeeper::reinstate(Unit unit,
                                                                     const std::string& issuer,
                                                                     const std::string& value) {
  if (auto refusal = not_open()) return refusal;
  if (!write_down()) return Refusal{503, "the revocation store cannot be written"};
  const std::string key = record_key(unit, issuer, value);
  const auto erased = store_->erase({&key, 1});
  if (!erased) return failed(erased.error());
  set_->erase(unit, issuer_id(issuer), value);
  if (!*erased) {
    return Refusal{404, issuer.empty() ? "there is no such revocation for any issuer"
                                       : "there is no such revocation for this issuer"};
  }
  return std::nullopt;
}

std::optional<RevocationKeeper::Refusal> RevocationKeeper::list(const ListOrder& order,
                                                                Page& page) {
  if (auto refusal = not_open()) return refusal;
  if (!write_down()) return Refusal{503, "the revocation store cannot be written"};
  std::size_t seen = 0;
  bool has_more = false;
  const auto read = store_->for_each(order.after, [&](std::string_view key, const Record& record) {
    // Only when there is one more is there a next page; it begins after what was looked at last.
    has_more = page.records.size() == order.limit || seen == kListStep;
    if (has_more) return false;
    ++seen;
    page.next = key;
    if (is_wanted(record, order)) page.records.push_back(record);
    return true;
  });
  if (!read) return failed(read.error());
  if (!has_more) page.next.clear();
  return std::nullopt;
}

void RevocationKeeper::when_everywhere(std::function<void()> done) {
  // Slots that were replaced die with the closure, after the last worker has passed.
  broadcast_->to_all([](unsigned) {},
                     [retired = set_->take_retired(), done = std::move(done)] { done(); });
}

void RevocationKeeper::sweep() {
  if (!write_down()) return;
  if (!watch_.is_settled()) return;
  std::vector<Record> expired;
  std::vector<std::string> keys;
  std::size_t seen = 0;
  std::string last;
  const auto read = store_->for_each(sweep_after_, [&](std::string_view key, const Record& record) {
    last = key;
    if (is_over(record.expires)) {
      expired.push_back(record);
      keys.emplace_back(key);
    }
    return ++seen < kSweepStep;
  });
  if (!read) {
    failed(read.error());
    return;
  }
  sweep_after_ = seen < kSweepStep ? std::string() : last;
  if (keys.empty()) return;
  if (const auto erased = store_->erase(keys); !erased) {
    failed(erased.error());
    return;
  }
  for (const Record& record : expired) {
    set_->erase(record.unit, issuer_id(record.issuer), record.value);
  }
}

}  // namespace sallyport::revocation
