#include "modules/revocation/proof.h"

#include <utility>

namespace sallyport::revocation {
namespace {

constexpr std::size_t kMaxGone = 100'000;
// A key that was evicted between a proof's ping and its look at the server is told during the next
// proof, and judged by the one after it.
constexpr int kDoubtfulProofs = 3;

}  // namespace

bool Proof::begin() {
  if (under_way_) {
    under_way_->must_follow = true;
    return false;
  }
  under_way_ = UnderWay{std::exchange(gone_, {}), flush_ == Flush::synced, false};
  return true;
}

void Proof::look_for_doubt(const RedisServerState& before, const RedisServerState& after) {
  std::optional<Loss> doubt;
  if (after.evicted > before.evicted) doubt = Loss::eviction;
  if (has_clock_jumped(before, after)) doubt = Loss::clock;
  if (!doubt) return;
  doubts_ = kDoubtfulProofs;
  doubt_ = *doubt;
}

// The same connection to the same process all the time, no database emptied, nothing evicted, its
// clock as it should be: who can have removed the key but somebody who wanted it?
Proof::Outcome Proof::end(const std::optional<RedisServerState>& before,
                          const RedisServerState& after) {
  const UnderWay ended = std::exchange(under_way_, std::nullopt).value_or(UnderWay{});
  if (before) look_for_doubt(*before, after);
  Outcome outcome;
  if (doubts_ > 0) {
    outcome.doubt = doubt_;
    --doubts_;
  }
  for (const auto& [key, gone] : ended.judged) {
    if (gone.flushes != flushes_ || outcome.doubt) {
      outcome.has_lost = true;
    } else {
      (gone.is_end ? outcome.ended : outcome.deleted).push_back(gone.name);
    }
  }
  if (ended.ends_flush && flush_ == Flush::synced) flush_ = Flush::none;
  outcome.must_follow = ended.must_follow;
  return outcome;
}

void Proof::abandon() {
  gone_.clear();
  under_way_.reset();
}

bool Proof::note_gone(const std::string& key, const RedisName& name, bool is_end) {
  if (flush_ != Flush::none || gone_.size() >= kMaxGone) return false;
  gone_[key] = {name, flushes_, is_end};
  return true;
}

void Proof::note_there(const std::string& key) {
  gone_.erase(key);
  if (under_way_) under_way_->judged.erase(key);
}

void Proof::on_flushed() {
  ++flushes_;
  flush_ = Flush::told;
}

void Proof::on_synced() {
  if (flush_ == Flush::told) flush_ = Flush::synced;
}

}  // namespace sallyport::revocation
