// How a follower proves that nothing is outstanding, and what follows for keys that are gone.

#include <utility>

#include "modules/revocation/redis_follower.h"

namespace sallyport::revocation {
namespace {

using clients::RedisValue;

constexpr Milliseconds kNoteEvery{10'000};

// is_broken says whether the server cannot tell us of changes, by CLIENT TRACKINGINFO. A server
// that does not know the command closes the connection in that case only, which we see as well.
bool is_broken(const RedisValue& info) {
  for (std::size_t i = 0; i + 1 < info.items.size(); i += 2) {
    if (info.items[i].text != "flags") continue;
    for (const RedisValue& flag : info.items[i + 1].items) {
      if (flag.text == "broken_redirect" || flag.text == "off") return true;
    }
  }
  return false;
}

}  // namespace

// A change is told before the server turns to the next commands. So once the connection that is
// told has answered a ping, all changes that were made before the ping was sent have come in; and
// once what they made us ask for was seen, too, the set is complete as of that moment.
void RedisFollower::prove() {
  if (!link_->is_tracking() || !proof_.begin()) return;
  const MonoTime asked = loop_->mono();
  const bool is_sent = link_->ping([this, asked](const Result<RedisValue>& pong) {
    if (pong && link_->is_tracking()) reader_->after([this, asked] { ask_server(asked); });
  });
  if (!is_sent) link_->drop("it cannot be pinged");
}

// ask_server asks what the server says of itself, and whether it can still tell us of changes.
void RedisFollower::ask_server(MonoTime asked) {
  auto state = std::make_shared<RedisServerState>();
  const auto on_info = [this, state](const Result<RedisValue>& info) {
    if (!info) return;
    *state = RedisServerState::parse(link_->server(), info->text);
    state->seen = boot_now();
  };
  const auto on_tracking_info = [this, asked, state](const Result<RedisValue>& info) {
    if (!info) return;
    if (is_broken(*info)) return link_->drop("it cannot tell us of changes");
    on_proof(asked, *state);
  };
  const bool is_sent = link_->command({"INFO"}, on_info) &&
                       link_->command({"CLIENT", "TRACKINGINFO"}, on_tracking_info);
  if (!is_sent) link_->drop("it cannot be asked");
}

void RedisFollower::on_proof(MonoTime asked, const RedisServerState& state) {
  if (!link_->is_tracking()) return;
  if (!state.is_master) return link_->drop("it is no master any more");
  const Proof::Outcome outcome = proof_.end(server_, state);
  server_ = state;
  follow(outcome);
  if (is_complete()) note_proof(asked);
  if (outcome.must_follow) prove();
}

// note_proof: the disk hears of it now and then, so that the age of its copy is known after a
// restart.
void RedisFollower::note_proof(MonoTime asked) {
  freshness_->mark(asked);
  if (asked < note_next_) return;
  note_next_ = asked + kNoteEvery;
  keeper_->source_synced();
}

// recall_age tells how old the disk's copy is, once it has been read.
void RedisFollower::recall_age() {
  if (is_age_recalled_ || !keeper_->is_open()) return;
  is_age_recalled_ = true;
  const std::int64_t seconds = now() - keeper_->synced_on_disk();
  // A clock that was set back tells nothing.
  if (keeper_->synced_on_disk() == 0 || seconds < 0 || freshness_->age(loop_->mono())) return;
  MonoTime proof = loop_->mono();
  proof.us -= seconds * 1'000'000;
  freshness_->mark(proof);
}

void RedisFollower::follow(const Proof::Outcome& outcome) {
  for (const RedisName& name : outcome.ended) end(name);
  for (const RedisName& name : outcome.deleted) lift(name);
  if (!outcome.has_lost) return;
  if (outcome.doubt) suspicion_ = outcome.doubt;
  wants_sync_ = true;
}

// end forgets what has expired in the Redis, while our clock says the same.
void RedisFollower::end(const RedisName& name) {
  keeper_->look_at_clock();
  const auto known = keeper_->find(name.unit, name.issuer, name.value);
  if (!known || !known->has_value() || keeper_->clock().has_jumped()) return;
  if ((*known)->expires > now() + kNearEnd) return;  // revoked again meanwhile
  keeper_->forget(name.unit, name.issuer, name.value);
}

void RedisFollower::lift(const RedisName& name) {
  const auto known = keeper_->find(name.unit, name.issuer, name.value);
  if (!known || !known->has_value()) return;
  ++reinstatements_;
  keeper_->forget(name.unit, name.issuer, name.value);
  writer_->note_reinstated(name, now(), (*known)->expires);
  tell("info", "revocation_redis_reinstated",
       "a revocation of the unit " + std::string(unit_name(name.unit)) +
           " was lifted, as its key was deleted in Redis");
  // The same may be revoked by a key of another program, or by one of ours that is spelt otherwise.
  reader_->fetch(following_.keys.all_keys(name));
}

}  // namespace sallyport::revocation
