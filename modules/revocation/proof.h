#pragma once

// Proof decides what it means that keys are gone from a Redis. A key that is gone was deleted by
// somebody, has expired, or was lost (flushed away, evicted). A proof is a round trip after which
// everything that was told before it began has come in. Only then, and only if nothing casts doubt
// on the server, does a key that is gone count as deleted. It knows no connection: whoever conducts
// it (RedisFollower) makes the round trips.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "modules/revocation/redis_keys.h"
#include "modules/revocation/redis_server_state.h"

namespace sallyport::revocation {

class Proof {
 public:
  // begin starts a proof, which will judge all keys that are gone now. False: one is under way, and
  // its end says that another must follow.
  bool begin();
  bool is_under_way() const { return under_way_.has_value(); }

  struct Outcome {
    std::vector<RedisName> deleted;  // somebody wanted it
    std::vector<RedisName> ended;    // expired in the Redis
    bool has_lost = false;           // some are gone for another reason
    std::optional<Loss> doubt;       // why keys that are gone were not deleted, if it is known
    bool must_follow = false;        // begin another
  };
  // end judges the keys that were gone when the proof began. `before` is what the server said of
  // itself at the last look, `after` what it says now.
  Outcome end(const std::optional<RedisServerState>& before, const RedisServerState& after);
  // abandon ends a proof without result, and forgets the keys: the link was lost.
  void abandon();

  // note_gone notes that a known key is gone; `is_end`: its end was near, so nobody deleted it.
  // False: it cannot be judged (after a flush, or there are too many), a sync must tell.
  bool note_gone(const std::string& key, const RedisName& name, bool is_end);
  // note_there: the key is there (again).
  void note_there(const std::string& key);

  // on_flushed: a database was emptied. Redis tells a flush at once and other changes at the end of
  // its turn: so keys that were changed and flushed away in one turn are told after the flush.
  // Until a proof that began after the next sync, no key that is gone was deleted.
  void on_flushed();
  void on_synced();

 private:
  struct Gone {
    RedisName name;
    std::uint64_t flushes;  // as many as had been seen then
    bool is_end;
  };
  using GoneKeys = std::unordered_map<std::string, Gone>;
  // What one proof judges, and what it ends.
  struct UnderWay {
    GoneKeys judged;
    bool ends_flush = false;
    bool must_follow = false;
  };
  enum class Flush : std::uint8_t { none, told, synced };

  void look_for_doubt(const RedisServerState& before, const RedisServerState& after);

  GoneKeys gone_;  // since the last proof began
  std::optional<UnderWay> under_way_;
  std::uint64_t flushes_ = 0;
  Flush flush_ = Flush::none;
  int doubts_ = 0;  // proofs to come that judge keys which the server may have removed itself
  Loss doubt_ = Loss::eviction;  // why
};

}  // namespace sallyport::revocation
