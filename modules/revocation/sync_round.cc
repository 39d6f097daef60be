#include "modules/revocation/sync_round.h"

#include <cstring>

namespace sallyport::revocation {
namespace {

constexpr std::size_t kMaxReinstated = 100'000;

// part_of and hash_of take octets of the digest that a record_key is: they need no hashing.
std::size_t part_of(const std::string& record_key) {
  return static_cast<unsigned char>(record_key[1]);
}

std::uint64_t hash_of(const std::string& record_key) {
  std::uint64_t hash = 0;
  std::memcpy(&hash, record_key.data() + 2, sizeof hash);
  return hash;
}

}  // namespace

void SyncRound::finish() {
  step_ = Step::done;
  for (auto& part : seen_) part = {};
  reinstated_ = {};
}

void SyncRound::note_seen(const std::string& record_key) {
  if (step_ != Step::done) seen_[part_of(record_key)].insert(hash_of(record_key));
}

bool SyncRound::was_seen(const std::string& record_key) const {
  return seen_[part_of(record_key)].contains(hash_of(record_key));
}

void SyncRound::note_reinstated(const std::string& record_key, std::int64_t when) {
  if (step_ == Step::done || reinstated_.size() >= kMaxReinstated) return;
  reinstated_[record_key] = when;
}

SyncRound::Action SyncRound::judge(const std::string& record_key, const Record& record,
                                   std::int64_t now) {
  if (record.expires <= now + kNearEnd || was_seen(record_key)) return Action::keep;
  if (record.origin == Origin::order) return Action::give_back;
  const auto reinstated = reinstated_.find(record_key);
  if (reinstated != reinstated_.end() && reinstated->second >= record.made) return Action::lift;
  ++missing_;
  // What another program writes for itself is its affair: it stays in force here.
  return record.origin == Origin::redis ? Action::give_back : Action::keep;
}

}  // namespace sallyport::revocation
