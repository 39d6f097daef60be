// What a follower makes of the keys that it is shown.

#include <utility>

#include "gateway/base/text.h"
#include "modules/revocation/redis_follower.h"

namespace sallyport::revocation {
namespace {

constexpr std::int64_t kClocksDiffer = 60;  // seconds, of two gateways

}  // namespace

void RedisFollower::on_seen(RedisReader::Seen seen) {
  const RedisKey key = following_.keys.parse(seen.key);
  switch (key.kind) {
    case RedisKey::Kind::unknown:
      if (!seen.is_there) return;
      ++unknown_keys_;
      return tell(
          "warn", "revocation_redis_unknown_key",
          "the key " + shown(seen.key) +
              " names no revocation: it is no PREFIX UNIT:ISS:VALUE, and of no foreign pattern");
    case RedisKey::Kind::reinstated:
      return on_reinstated(seen, key.name);
    case RedisKey::Kind::own:
    case RedisKey::Kind::foreign:
      return seen.is_there ? on_there(seen, key) : on_gone(seen, key);
  }
}

Record RedisFollower::record_of(const RedisReader::Seen& seen, const RedisKey& key) {
  RedisEntry entry;
  if (!seen.is_text) {
    entry.flaw = "it is no string";
  } else if (key.has_cutoff) {
    entry = parse_entry(seen.value, key.name.issuer);
  }
  if (!entry.flaw.empty()) {
    ++flawed_values_;
    tell("warn", "revocation_redis_flawed_value",
         "the value of the key " + shown(seen.key) +
             " is not understood, so it revokes always: " + entry.flaw);
  }
  Record record;
  record.unit = key.name.unit;
  record.issuer = entry.issuer.empty() ? key.name.issuer : std::move(entry.issuer);
  record.value = key.name.value;
  record.cutoff = entry.cutoff;
  const std::int64_t end_ms = keeper_->wall().unix_ms + seen.ttl_ms;
  record.expires = seen.ttl_ms < 0 ? kAlways : (end_ms + 999) / 1000;
  record.made = entry.made != 0 || !seen.is_change ? entry.made : now();
  record.reason = std::move(entry.reason);
  record.who = std::move(entry.who);
  record.origin = key.kind == RedisKey::Kind::own ? Origin::redis : Origin::foreign;
  return record;
}

void RedisFollower::on_there(const RedisReader::Seen& seen, const RedisKey& key) {
  proof_.note_there(seen.key);
  Record record = record_of(seen, key);
  if (round_.step() != SyncRound::Step::done) {
    round_.note_seen(record_key(record.unit, record.issuer, record.value));
  }
  // What another program says of its own key, and we heard it say, is so; after a failover an older
  // word may come up, which is not.
  learn(std::move(record), key.kind == RedisKey::Kind::foreign && seen.is_change);
}

void RedisFollower::learn(Record record, bool is_final) {
  const RedisName name = name_of(record);
  const bool is_own = record.origin == Origin::redis;
  switch (keeper_->learn(std::move(record), is_final, following_.max_entries)) {
    case RevocationKeeper::Learnt::known:
    case RevocationKeeper::Learnt::new_:
      return;
    case RevocationKeeper::Learnt::full:
      return note_full();
    case RevocationKeeper::Learnt::unsure:
      return note_unsure();
    case RevocationKeeper::Learnt::wider:
      break;
  }
  const auto known = keeper_->find(name.unit, name.issuer, name.value);
  if (!is_own || !known || !known->has_value()) return;
  const bool is_sent = writer_->write(**known, now(), [this](const std::string& why) {
    why.empty() ? ++restored_ : ++round_.unwritten;
    if (!why.empty()) wants_sync_ = true;
  });
  if (!is_sent) ++round_.unwritten;
}

// A key that is gone although its end is not near was deleted, evicted or flushed away: the next
// proof tells. What was ordered here and never was there, cannot be gone.
void RedisFollower::on_gone(const RedisReader::Seen& seen, const RedisKey& key) {
  if (!seen.is_change) return;
  const auto known = keeper_->find(key.name.unit, key.name.issuer, key.name.value);
  if (!known || !known->has_value()) return;
  const Record& record = **known;
  const Origin origin = key.kind == RedisKey::Kind::own ? Origin::redis : Origin::foreign;
  if (record.origin != origin) return;
  const bool is_end = record.expires <= now() + kNearEnd;
  const bool is_noted = proof_.note_gone(seen.key, key.name, is_end);
  // No haste with an end: the next proof of those that come anyway judges it, and else its time.
  if (is_end) return;
  if (!is_noted) {
    wants_sync_ = true;
    return;
  }
  prove();
}

// note_full and note_unsure: the set is not complete, and the present round cannot make it so.
void RedisFollower::note_full() { shortfall_.is_full = round_.shortfall.is_full = true; }

void RedisFollower::note_unsure() {
  shortfall_.is_unsure = round_.shortfall.is_unsure = true;
  wants_sync_ = true;
}

void RedisFollower::on_reinstated(const RedisReader::Seen& seen, const RedisName& name) {
  if (!seen.is_there || round_.step() == SyncRound::Step::done) return;
  const auto when = parse_decimal<std::int64_t>(seen.value);
  // A note of the future was written by a clock that was wrong: it would lift what is revoked after
  // it.
  if (!when || *when > now() + kClocksDiffer) return;
  round_.note_reinstated(record_key(name.unit, name.issuer, name.value), *when);
}

}  // namespace sallyport::revocation
