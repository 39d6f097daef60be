#include "modules/revocation/redis_follower.h"

#include <utility>

#include "gateway/clients/redis_probe.h"
#include "gateway/json/json.h"

namespace sallyport::revocation {
namespace {

// Records compared in one turn of the loop.
constexpr std::size_t kStep = 256;
constexpr std::size_t kMaxWrites = 512;  // that wait for their answer while comparing
// What could not be written, or read from disk, is tried again after so long.
constexpr Milliseconds kSyncAgain{5000};
constexpr std::size_t kMaxNotices = 64;  // a second
// With more revocations than may be, another look is a long one.
constexpr Milliseconds kSyncAgainWhenFull{60'000};

}  // namespace

RedisFollower::RedisFollower(std::shared_ptr<RevocationKeeper> keeper, RedisFollowing following)
    : keeper_(std::move(keeper)), following_(std::move(following)) {}

RedisFollower::~RedisFollower() = default;

void RedisFollower::start(event::Loop& control, event::Broadcast&) {
  loop_ = &control;
  started_ = control.mono();
  RedisLink::Hooks hooks;
  hooks.on_tracking = [this] { on_tracking(); };
  hooks.on_lost = [this](const std::string& why) { on_lost(why); };
  hooks.on_changed = [this](std::vector<std::string> keys) { reader_->fetch(std::move(keys)); };
  hooks.on_flushed = [this] { on_flushed(); };
  link_.emplace(control, following_.endpoint, following_.keys.prefixes(), std::move(hooks),
                following_.retry);
  reader_.emplace(*link_,
                  RedisReader::Hooks{[this](RedisReader::Seen seen) { on_seen(std::move(seen)); },
                                     [this](const std::string& why) { link_->drop(why); }});
  writer_.emplace(*link_, following_.keys, [this] { return !keeper_->clock().has_jumped(); });
  every_.emplace(control, following_.prove_every, [this] { on_tick(); });
  // The disk is opened by its owner, which starts after this and before connections are accepted:
  // they would be refused while nobody knows how old its copy is. If it opens late, so is this.
  control.post([self = weak_from_this()] {
    if (const auto alive = self.lock()) alive->recall_age();
  });
  recalling_.emplace(control, Milliseconds(20), [this] { recall_age(); });
}

void RedisFollower::on_tracking() {
  const bool is_sent = link_->command({"INFO"}, [this](const Result<clients::RedisValue>& info) {
    if (!info) return;
    if (info->is_error()) return link_->drop("INFO is refused: " + info->text);
    auto state = RedisServerState::parse(link_->server(), info->text);
    state.seen = boot_now();
    suspicion_ = loss_between(server_, state);
    server_ = std::move(state);
    is_following_ = true;
    begin();
  });
  if (!is_sent) link_->drop("it cannot be asked");
}

void RedisFollower::on_lost(const std::string& why) {
  is_following_ = false;
  is_in_step_ = false;
  cancel_run();
  reader_->reset();
  proof_.abandon();
  tell("warn", "revocation_redis_lost",
       "revocations are not followed any more, and what is known stays in force: " + why);
}

void RedisFollower::on_flushed() {
  proof_.on_flushed();
  lose(Loss::flush);
  suspicion_ = Loss::flush;
  tell("error", "revocation_redis_emptied",
       "a database of the Redis " + link_->server() +
           " was emptied; revocations stay in force and are written back");
  if (is_following_) begin();
}

void RedisFollower::on_tick() {
  if (is_age_recalled_) recalling_.reset();
  watch_clock();
  if (!link_->is_tracking()) return tell_error();
  if (wants_sync_ && loop_->mono() >= next_sync_) begin();
  prove();
}

// watch_clock: ends that were reckoned by a clock that has jumped since are reckoned again, and
// what was not written back as it seemed to be over may not be.
void RedisFollower::watch_clock() {
  if (std::exchange(clock_turns_, keeper_->clock_turns()) != keeper_->clock_turns())
    wants_sync_ = true;
}

// A server that was never reached, or refuses what we need, has lost nothing: this says why.
void RedisFollower::tell_error() {
  const std::string& error = link_->last_error();
  if (error == told_error_) return;
  // Several nodes of one cluster are one mistake.
  if (link_->is_cluster() && std::exchange(told_cluster_, true)) return;
  told_error_ = error;
  tell(link_->is_cluster() ? "error" : "warn", "revocation_redis_unreachable",
       "revocations cannot be followed: " + error);
}

void RedisFollower::begin() {
  next_sync_ = loop_->mono() + kSyncAgain;
  // Without the disk there is nothing to compare with; its owner tries to open it again.
  wants_sync_ = !keeper_->is_open();
  if (wants_sync_) return;
  cancel_run();
  round_ = {};
  reader_->scan(following_.keys.prefixes(), [this] {
    round_.compare_now();
    loop_->enqueue(*this);
  });
}

void RedisFollower::run() {
  const bool is_comparing = round_.step() == SyncRound::Step::comparing;
  if (!is_following_ || !is_comparing || writer_->under_way() >= kMaxWrites) return;
  compare_some() ? loop_->enqueue(*this) : finish();
}

// compare_some compares the next records; false: those were the last, or no more can be read.
bool RedisFollower::compare_some() {
  const auto next =
      keeper_->walk(round_.compared, kStep, [this](std::string_view key, const Record& record) {
        compare(std::string(key), record);
        return true;
      });
  if (!next) {
    note_unsure();
    return false;
  }
  round_.compared = *next;
  return !next->empty();
}

void RedisFollower::compare(const std::string& key, const Record& record) {
  switch (round_.judge(key, record, now())) {
    case SyncRound::Action::keep:
      return;
    case SyncRound::Action::give_back:
      return give_back(record);
    case SyncRound::Action::lift:
      ++reinstatements_;
      return keeper_->forget(record.unit, record.issuer, record.value);
  }
}

void RedisFollower::give_back(const Record& record) {
  const bool is_sent = writer_->restore(record, now(), [this, record](const std::string& why) {
    if (why.empty()) {
      ++restored_;
      is_there(record);
    } else {
      ++round_.unwritten;
      wants_sync_ = true;
    }
    if (round_.step() == SyncRound::Step::comparing) loop_->enqueue(*this);
  });
  if (is_sent) return;
  ++round_.unwritten;
  wants_sync_ = true;
}

void RedisFollower::is_there(Record record) {
  record.origin = Origin::redis;
  learn(std::move(record), false);
}

void RedisFollower::finish() {
  round_.finish();
  is_in_step_ = true;
  proof_.on_synced();
  shortfall_ = round_.shortfall;
  if (shortfall_.is_full) {
    wants_sync_ = true;
    next_sync_ = loop_->mono() + kSyncAgainWhenFull;
  }
  ++syncs_;
  if (!shortfall_.is_unsure) keeper_->source_synced();
  const Loss cause = std::exchange(suspicion_, std::nullopt).value_or(Loss::away);
  if (round_.missing() > 0) {
    if (cause != Loss::flush) lose(cause);
    tell("error", "revocation_redis_loss",
         std::to_string(round_.missing()) + " revocations were not in the Redis " +
             link_->server() + " any more (" + std::string(loss_name(cause)) +
             "); they stay in force, and those under our own prefix are written back");
  }
  told_error_.clear();
  told_cluster_ = false;
  tell("info", "revocation_redis_synced", "revocations follow the Redis " + link_->server());
  prove();
}

void RedisFollower::write(const Record& record, std::function<void(bool)> done) {
  const bool is_sent = writer_->write(record, now(), [this, record, done](const std::string& why) {
    if (why.empty()) {
      is_there(record);
      return done(true);
    }
    tell("warn", "revocation_redis_unwritten", "a revocation will be written later: " + why);
    wants_sync_ = true;
    done(false);
  });
  if (is_sent) return;
  wants_sync_ = true;
  done(false);
}

void RedisFollower::reinstate(const Record& record,
                              std::function<void(const NotErased& why)> done) {
  const bool is_sent =
      writer_->erase(name_of(record), now(), record.expires, [done](const std::string& why) {
        done({why, true});
      });
  if (!is_sent) done({"it is not connected: " + link_->last_error(), false});
}

std::optional<std::string> RedisFollower::not_ready() const {
  if (!link_ || !link_->is_cluster()) return std::nullopt;
  return "the revocations cannot be followed (modules.revocation.redis): " + link_->last_error();
}

std::shared_ptr<void> RedisFollower::examine(event::Loop& loop, const Examined& done) {
  return clients::examine_redis(loop, following_.endpoint, "modules.revocation.redis", done);
}

std::vector<std::string> RedisFollower::problems() const {
  std::vector<std::string> problems;
  if (!is_in_step_) {
    problems.emplace_back("the revocations are not in step with Redis; what was known is in force");
  }
  if (shortfall_.is_full) {
    problems.emplace_back("Redis has more revocations than modules.revocation.max_entries");
  }
  if (shortfall_.is_unsure)
    problems.emplace_back("revocations from Redis cannot be copied to the disk");
  if (round_.unwritten > 0) problems.emplace_back("revocations cannot be written to Redis");
  return problems;
}

void RedisFollower::metrics(std::vector<policy::Metric>& to) const {
  const auto gauge = [&](std::string_view name, std::string_view help, double value) {
    to.push_back({name, help, false, {}, {}, value});
  };
  const auto count = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    to.push_back({name, help, true, {}, {}, static_cast<double>(value)});
  };
  const MonoTime moment = mono_now();
  const auto age = freshness_->age(moment);
  const Milliseconds lag = age.value_or(Milliseconds((moment.us - started_.us) / 1000));
  gauge("revocation_synced", "Whether the revocations are in step with Redis.", is_complete());
  gauge("revocation_lag_seconds",
        "How long ago they were last known to be; before that ever was: since the start.",
        static_cast<double>(lag.count()) / 1000);
  count("revocation_syncs_total", "Full comparisons with Redis.", syncs_);
  for (int i = 0; i < kLosses; ++i) {
    to.push_back({"revocation_redis_losses_total", "Times that Redis had lost revocations.", true,
                  "cause", std::string(loss_name(static_cast<Loss>(i))),
                  static_cast<double>(losses_[static_cast<std::size_t>(i)])});
  }
  count("revocation_redis_restored_total", "Revocations written back to Redis.", restored_);
  count("revocation_redis_reinstated_total",
        "Revocations lifted as their key was deleted in Redis.", reinstatements_);
  count("revocation_redis_unknown_keys_total", "Keys read that name no revocation.", unknown_keys_);
  count("revocation_redis_flawed_values_total",
        "Values read that were not understood, and therefore revoke always.", flawed_values_);
}

std::vector<policy::Notice> RedisFollower::notices() { return std::exchange(notices_, {}); }

void RedisFollower::tell(std::string_view level, std::string_view event, std::string message) {
  if (notices_.size() < kMaxNotices) notices_.push_back({level, event, std::move(message)});
}

json::Draft RedisFollower::status() const {
  json::Draft out = json::Draft::object();
  out.set("synced", is_complete()).set("server", link_->server());
  if (const auto age = freshness_->age(mono_now())) out.set("lag_ms", age->count());
  return std::move(out).text("error", link_->last_error());
}

}  // namespace sallyport::revocation
