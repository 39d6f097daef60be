#pragma once

// SyncRound is one comparison of what is known here with what a Redis has: the Redis is scanned
// first, and what was seen is noted; then each known record is compared with that. It knows no
// connection and no store: whoever conducts it (RedisFollower) carries out what it says. A new
// round is a new value.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "modules/revocation/record.h"

namespace sallyport::revocation {

// An end this near is an end: a key that is gone then has expired, and nothing is written back. It
// is forgotten at once where both clocks say so, that of the Redis and ours, and ours has not
// jumped; else when the keeper believes its clock.
inline constexpr std::int64_t kNearEnd = 2;  // seconds

// Shortfall is why a round, or what was told after it, does not make the set complete.
struct Shortfall {
  bool is_full = false;    // there are more revocations than may be kept
  bool is_unsure = false;  // the disk cannot be read or written
};

class SyncRound {
 public:
  enum class Step : std::uint8_t { scanning, comparing, done };

  Step step() const { return step_; }
  // The Redis was scanned: what is known is compared now.
  void compare_now() { step_ = Step::comparing; }
  // finish frees what was noted; the counts stay.
  void finish();

  // While the round is not done, what the Redis has is noted, by record_key. It does not matter
  // whether a scan came by or a change was told.
  void note_seen(const std::string& record_key);
  // note_reinstated notes that the Redis says that a revocation was reinstated, and when.
  void note_reinstated(const std::string& record_key, std::int64_t when);

  // Action is what becomes of a known record.
  enum class Action : std::uint8_t {
    keep,       // it is there, is about to end, or is another program's affair
    give_back,  // it belongs into the Redis
    lift,       // it was reinstated while nobody was connected
  };
  Action judge(const std::string& record_key, const Record& record, std::int64_t now);
  // missing is how many records had been in the Redis and are not.
  std::size_t missing() const { return missing_; }

  // Where comparing goes on: the key of the record that was compared last.
  std::string compared;
  Shortfall shortfall;
  std::size_t unwritten = 0;  // could not be written back; tried again

 private:
  bool was_seen(const std::string& record_key) const;

  Step step_ = Step::scanning;
  // Hashes of record keys. Parts, so that none takes long to grow.
  std::array<std::unordered_set<std::uint64_t>, 256> seen_;
  std::unordered_map<std::string, std::int64_t> reinstated_;  // record_key to when
  std::size_t missing_ = 0;
};

}  // namespace sallyport::revocation
