#pragma once

// RedisFollower keeps a RevocationKeeper in step with a Redis, and the Redis with the keeper.
//
// It conducts: the link tells what changes, the reader reads keys, a SyncRound compares, a Proof
// says what it means that keys are gone, the writer writes. It tracks first, then scans, then
// compares what it knows with what it saw; changes meanwhile are read like any other. What was
// known is never forgotten because the Redis forgot it: it is written back. Only a key that was
// seen to be deleted is a reinstatement, see on_gone. Control thread only, except freshness().

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/event/watch.h"
#include "gateway/json/value.h"
#include "gateway/policy/module.h"
#include "modules/revocation/freshness.h"
#include "modules/revocation/proof.h"
#include "modules/revocation/redis_entry.h"
#include "modules/revocation/redis_keys.h"
#include "modules/revocation/redis_link.h"
#include "modules/revocation/redis_reader.h"
#include "modules/revocation/redis_server_state.h"
#include "modules/revocation/redis_writer.h"
#include "modules/revocation/revocation_keeper.h"
#include "modules/revocation/sync_round.h"

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

class RedisFollower final : public policy::Service,
                            public std::enable_shared_from_this<RedisFollower>,
                            private event::Ready {
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
  // redis_follower.cc: the link, and one round after another
  void on_tracking();
  void on_lost(const std::string& why);
  void on_flushed();
  void on_tick();
  void tell_error();
  void watch_clock();
  void begin();
  void run() override;  // one step of comparing
  bool compare_some();
  void compare(const std::string& key, const Record& record);
  void give_back(const Record& record);
  void is_there(Record record);  // we have written it
  void finish();
  // redis_follower_proof.cc: that nothing is outstanding, and what that means for what is gone
  void prove();
  void on_proof(MonoTime asked, const RedisServerState& state);
  void ask_server(MonoTime asked);
  void follow(const Proof::Outcome& outcome);
  void lift(const RedisName& name);
  void end(const RedisName& name);
  // redis_follower_seen.cc: what keys say
  void on_seen(RedisReader::Seen seen);
  void on_there(const RedisReader::Seen& seen, const RedisKey& key);
  void on_gone(const RedisReader::Seen& seen, const RedisKey& key);
  void on_reinstated(const RedisReader::Seen& seen, const RedisName& name);
  void learn(Record record, bool is_final);
  Record record_of(const RedisReader::Seen& seen, const RedisKey& key);
  void note_full();
  void note_unsure();

  void lose(Loss cause) { ++losses_[static_cast<std::size_t>(cause)]; }
  void tell(std::string_view level, std::string_view event, std::string message);
  std::int64_t now() const { return keeper_->now(); }
  // What was complete once stays so while changes are told; another scan changes nothing of that.
  void note_proof(MonoTime asked);
  void recall_age();
  bool is_complete() const { return is_in_step_ && !shortfall_.is_full && !shortfall_.is_unsure; }

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

  bool is_following_ = false;  // the link is there, and the server has said what it is
  bool is_in_step_ = false;    // a sync has ended since
  SyncRound round_;            // the present one, or the last
  Shortfall shortfall_;        // since the last sync; the present one may find out that it is over
  Proof proof_;
  std::optional<RedisServerState> server_;  // at the last look
  std::optional<Loss> suspicion_;           // why something may be missing
  bool wants_sync_ = false;                 // again, although the link is there
  MonoTime next_sync_{};

  MonoTime note_next_{};  // when the disk is told of a proof again
  std::optional<event::Every> recalling_;
  bool is_age_recalled_ = false;
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
