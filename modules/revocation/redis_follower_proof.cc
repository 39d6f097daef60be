// How a follower knows that nothing is outstanding, and what it makes of keys that are gone.

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
  if (!link_->is_tracking()) return;
  if (is_proving_) {
    must_prove_ = true;
    return;
  }
  is_proving_ = true;
  judged_ = std::exchange(gone_, {});
  proof_ends_flush_ = flush_ == Flush::synced;
  const MonoTime asked = loop_->mono();
  const auto look = [this, asked] {
    auto state = std::make_shared<RedisServerState>();
    const bool is_sent = link_->command({"INFO"},
                                        [this, state](const Result<RedisValue>& info) {
                                          if (!info) return;
                                          *state =
                                              RedisServerState::parse(link_->server(), info->text);
                                          state->seen = boot_now();
                                        }) &&
                         link_->command({"CLIENT", "TRACKINGINFO"},
                                        [this, asked, state](const Result<RedisValue>& info) {
                                          if (!info) return;
                                          if (is_broken(*info))
                                            return link_->drop("it cannot tell us of changes");
                                          on_proof(asked, *state);
                                        });
    if (!is_sent) link_->drop("it cannot be asked");
  };
  const bool is_sent = link_->ping([this, look](const Result<RedisValue>& pong) {
    if (pong && link_->is_tracking()) reader_->after(look);
  });
  if (!is_sent) link_->drop("it cannot be pinged");
}

void RedisFollower::on_proof(MonoTime asked, const RedisServerState& state) {
  if (!link_->is_tracking()) return;
  is_proving_ = false;
  if (!state.is_master) return link_->drop("it is no master any more");
  // A key that was evicted between this proof's ping and its look at the server is told during the
  // next proof, and judged by the one after it.
  constexpr int kDoubtfulProofs = 3;
  if (server_ && state.evicted > server_->evicted)
    doubts_ = kDoubtfulProofs, doubt_ = Loss::eviction;
  if (server_ && has_clock_jumped(*server_, state)) doubts_ = kDoubtfulProofs, doubt_ = Loss::clock;
  server_ = state;
  decide_on_gone(doubts_ > 0 ? std::optional(doubt_) : std::nullopt);
  if (doubts_ > 0) --doubts_;
  if (proof_ends_flush_ && flush_ == Flush::synced) flush_ = Flush::none;
  if (is_complete()) note_proof(asked);
  if (std::exchange(must_prove_, false)) prove();
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

// The same connection to the same process all the time, no database emptied, nothing evicted, its
// clock as it should be: who can have removed the key but somebody who wanted it?
void RedisFollower::decide_on_gone(std::optional<Loss> doubt) {
  bool has_lost = false;
  for (const auto& [key, gone] : std::exchange(judged_, {})) {
    if (gone.flushes == flushes_ && !doubt) {
      gone.is_end ? end(gone.name) : lift(gone.name);
    } else {
      has_lost = true;
    }
  }
  if (!has_lost) return;
  if (doubt) suspicion_ = doubt;
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
