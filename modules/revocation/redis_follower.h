#pragma once

// RedisFollower keeps a RevocationKeeper in step with a Redis, and the Redis with the keeper.
//
// It tracks first, then scans, then compares what it knows with what it saw; changes meanwhile are
// read like any other. What was known is never forgotten because the Redis forgot it: it is written
// back. Only a key that was seen to be deleted is a reinstatement, see on_gone. Control thread
// only, except freshness().

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "gateway/event/watch.h"
#include "gateway/json/value.h"
#include "gateway/policy/module.h"
#include "modules/revocation/freshness.h"
#include "modules/revocation/redis_entry.h"
#include "modules/revocation/redis_keys.h"
#include "modules/revocation/redis_link.h"
#include "modules/revocation/redis_reader.h"
#include "modules/revocation/redis_server_state.h"
#include "modules/revocation/redis_writer.h"
#include "modules/revocation/revocation_keeper.h"

namespace sallyport::revocation {

// NotErased is why a revocation was not taken out of the Redis; an empty text: it was.
struct NotErased {
  std::string text;
  bool was_sent = false;  // the order to do it has left, and nothing is known of what came of it
};

struct RedisFollowing {
  clients::RedisEndpoint endpoint;
  RedisKeys keys;
  Milliseconds prove_every{1000};
  std::size_t max_entries = 1'000'000;
  clients::RedisRetry retry{Milliseconds(100), Milliseconds(1000)};
};

class RedisFollower final : public policy::Service, private event::Ready {
 public:
  RedisFollower(std::shared_ptr<RevocationKeeper> keeper, RedisFollowing following);
  ~RedisFollower() override;

  void start(event::Loop& control, event::Broadcast& broadcast) override;
  // not_ready: of a Redis Cluster one node would be followed, and most revocations never be heard
  // of.
  std::optional<std::string> not_ready() const override;
  std::shared_ptr<void> examine(event::Loop& loop, const Examined& done) override;
  std::vector<std::string> problems() const override;
  void metrics(std::vector<policy::Metric>& to) const override;
  std::vector<policy::Notice> notices() override;

  // freshness is when the set was last known to be all that the Redis knows.
  std::shared_ptr<const Freshness> freshness() const { return freshness_; }

  // write puts an ordered revocation, which the keeper has, into the Redis. `done` is told whether
  // it is there; when not, it will be as soon as the Redis can be reached.
  void write(const Record& record, std::function<void(bool is_written)> done);
  // reinstate takes it out of the Redis; `done` is told why not. The keeper is the caller's affair.
  void reinstate(const Record& record, std::function<void(const NotErased& why)> done);

  // status is what an operator should know, as a JSON object.
  json::Draft status() const;

 private:
  enum class Phase : std::uint8_t { away, scanning, comparing, synced };
  // A key that was known and is not there any more.
  struct Gone {
    RedisName name;
    std::uint64_t flushes;  // as many as had been seen then
    bool is_end;            // its end was near: it has expired, and nobody deleted it
  };
  using GoneKeys = std::unordered_map<std::string, Gone>;

  // redis_follower.cc: in which phase it is
  void on_tracking();
  void on_lost(const std::string& why);
  void on_flushed();
  void on_tick();
  void tell_error();
  void watch_clock();
  void begin();
  void run() override;  // one step of comparing
  void compare(std::string_view key, const Record& record);
  void give_back(const Record& record);
  void is_there(Record record);  // we have written it
  void finish();
  // redis_follower_proof.cc: that nothing is outstanding, and what that means for what is gone
  void prove();
  void on_proof(MonoTime asked, const RedisServerState& state);
  void decide_on_gone(std::optional<Loss> doubt);
  void lift(const RedisName& name);
  void end(const RedisName& name);
  // redis_follower_seen.cc: what keys say
  void on_seen(RedisReader::Seen seen);
  void on_there(const RedisReader::Seen& seen, const RedisKey& key);
  void on_gone(const RedisReader::Seen& seen, const RedisKey& key);
  void on_reinstated(const RedisReader::Seen& seen, const RedisName& name);
  void learn(Record record, bool is_final);
  Record record_of(const RedisReader::Seen& seen, const RedisKey& key);
  void note_seen(const std::string& record_key);
  bool was_seen(const std::string& record_key) const;

  void lose(Loss cause) { ++losses_[static_cast<std::size_t>(cause)]; }
  void tell(std::string_view level, std::string_view event, std::string message);
  std::int64_t now() const { return keeper_->now(); }
  // What was complete once stays so while changes are told; another scan changes nothing of that.
  void note_proof(MonoTime asked);
  void recall_age();
  bool is_complete() const { return is_in_step_ && !is_full_ && !is_unsure_; }

  // An end this near is an end: a key that is gone then has expired, and nothing is written back.
  // It is forgotten at once where both clocks say so, that of the Redis and ours, and ours has not
  // jumped; else when the keeper believes its clock.
  static constexpr std::int64_t kNearEnd = 2;

  const std::shared_ptr<RevocationKeeper> keeper_;
  const RedisFollowing following_;
  const std::shared_ptr<Freshness> freshness_ = std::make_shared<Freshness>();
  event::Loop* loop_ = nullptr;
  std::optional<RedisLink> link_;
  std::optional<RedisReader> reader_;
  std::optional<RedisWriter> writer_;
  std::optional<event::Every> every_;
  MonoTime started_{};
  std::uint64_t clock_turns_ = 0;  // of the keeper, at the last look

  Phase phase_ = Phase::away;
  bool is_in_step_ = false;  // a sync has ended since the link is there
  std::uint64_t flushes_ = 0;
  // Redis tells a flush at once and other changes at the end of its turn: so keys that were changed
  // and flushed away in one turn are told after the flush. Until a proof that began after the next
  // sync, no key that is gone was deleted.
  enum class Flush : std::uint8_t { none, told, synced };
  Flush flush_ = Flush::none;
  bool proof_ends_flush_ = false;
  std::optional<RedisServerState> server_;  // at the last look
  std::optional<Loss> suspicion_;           // why something may be missing
  bool wants_sync_ = false;                 // again, although the link is there
  MonoTime next_sync_{};

  // While scanning and comparing: what is in the Redis. Parts, so that none takes long to grow.
  std::array<std::unordered_set<std::uint64_t>, 256> seen_;
  std::unordered_map<std::string, std::int64_t> reinstated_;  // record_key to when
  std::string compared_;                                      // the last record_key
  std::size_t missing_ = 0;

  bool is_proving_ = false;
  MonoTime note_next_{};  // when the disk is told of a proof again
  std::optional<event::Every> recalling_;
  bool is_age_recalled_ = false;
  bool must_prove_ = false;  // again
  GoneKeys gone_;            // since the last proof began
  GoneKeys judged_;          // by the proof that is under way
  int doubts_ = 0;  // proofs to come that judge keys which the server may have removed itself
  Loss doubt_ = Loss::eviction;  // why

  // Since the last sync; the present one may find out that it is over.
  bool is_full_ = false;
  bool is_unsure_ = false;
  bool was_full_ = false;
  bool was_unsure_ = false;
  std::size_t unwritten_ = 0;  // could not be written back; tried again
  std::array<std::uint64_t, kLosses> losses_{};
  std::uint64_t syncs_ = 0;
  std::uint64_t restored_ = 0;
  std::uint64_t reinstatements_ = 0;
  std::uint64_t unknown_keys_ = 0;
  std::uint64_t flawed_values_ = 0;
  std::string told_error_;  // in the log
  bool told_cluster_ = false;
  std::vector<policy::Notice> notices_;
};

}  // namespace sallyport::revocation
