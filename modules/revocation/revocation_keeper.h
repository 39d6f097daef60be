#pragma once

// RevocationKeeper owns a revocation store and the set made of it: it reads the store at the start,
// changes both together, and forgets in small steps what has expired. Control thread only, except
// set(). What has expired is forgotten, and not in force any more, only while the wall clock is to
// be believed (clock_watch.h): at the start and after a jump it is not.
//
// What is ordered here is on disk before it is acknowledged. What a source (Redis) tells is
// enforced at once and copied to the disk a moment later, many in one go: the source is what is
// durable.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gateway/base/clock_watch.h"
#include "gateway/event/watch.h"
#include "gateway/policy/module.h"
#include "modules/revocation/order.h"
#include "modules/revocation/revocation_set.h"
#include "modules/revocation/revocation_store.h"

namespace sallyport::revocation {

class RevocationKeeper final : public policy::Service {
 public:
  using Open = std::function<Result<std::unique_ptr<RevocationStore>>()>;

  // `open` is called at the start, and while it fails again every few ticks. Each tick looks at a
  // part of the store for what has expired.
  // With a source, an empty store of which no source ever said that it is all is not enough to
  // judge by: see source_synced. `folder` is where the store is on disk; empty: nowhere.
  static constexpr Milliseconds kTick{1000};
  explicit RevocationKeeper(Open open, Milliseconds tick = kTick, bool has_source = false,
                            Clock clock = {}, std::string folder = {})
      : open_(std::move(open)),
        folder_(std::move(folder)),
        tick_every_(tick),
        has_source_(has_source),
        clock_(std::move(clock)),
        watch_(clock_.trial) {}
  ~RevocationKeeper() override;

  void start(event::Loop& control, event::Broadcast& broadcast) override;
  std::optional<std::string> not_ready() const override;
  std::vector<std::string> stores() const override {
    return folder_.empty() ? std::vector<std::string>{} : std::vector{folder_};
  }
  void metrics(std::vector<policy::Metric>& to) const override;
  std::vector<std::string> problems() const override;
  std::vector<policy::Notice> notices() override { return std::exchange(notices_, {}); }

  // set is what workers read; it may outlive the keeper with the last plan that uses it.
  std::shared_ptr<const RevocationSet> set() const { return set_; }

  // Refusal of an order, with a status of HTTP for the admin's answer.
  struct Refusal {
    int status;
    std::string text;
  };
  // revoke stores the record durably, then lists it. What was revoked already only gets wider: the
  // later cut-off and the later end hold, and `record` becomes what is stored.
  std::optional<Refusal> revoke(Record& record, std::size_t max_entries);
  std::optional<Refusal> reinstate(Unit unit, const std::string& issuer, const std::string& value);
  // find returns what is known under that name, expired or not.
  Result<std::optional<Record>> find(Unit unit, std::string_view issuer, std::string_view value);

  // is_open says whether the store was read; before that, a source must wait.
  bool is_open() const { return store_ != nullptr; }
  enum class Learnt {
    known,   // as it was
    new_,    // it was not known, or not so wide
    wider,   // what is known goes further than what the source says
    full,    // not taken: there are max_entries
    unsure,  // enforced, but the disk cannot be read or written
  };
  // learn takes what a source says is revoked, as wide as what is known already; with
  // `is_final`, as the source says it, be it narrower.
  Learnt learn(Record record, bool is_final, std::size_t max_entries);
  // forget takes back what a source says is reinstated.
  void forget(Unit unit, std::string_view issuer, std::string_view value);
  // walk visits at most `most` records after the key `after` and returns where to go on; empty:
  // that was all.
  Result<std::string> walk(const std::string& after, std::size_t most,
                           const RevocationStore::Visit& visit);
  // synced_on_disk is when a source last said so before this start, in Unix seconds; zero: never.
  std::int64_t synced_on_disk() const { return synced_on_disk_; }
  // source_synced says that all that the source knows was told.
  void source_synced();

  struct Page {
    std::vector<Record> records;
    std::string next;  // where the next page begins; empty: there is none
  };
  std::optional<Refusal> list(const ListOrder& order, Page& page);

  // when_everywhere calls `done` when every worker judges by what was changed before.
  void when_everywhere(std::function<void()> done);
  // wall is the time by the wall clock, whether it is to be believed or not; now the same in Unix
  // seconds.
  WallTime wall() const { return clock_.read().wall; }
  std::int64_t now() const { return wall().unix_seconds(); }
  // look_at_clock looks whether the wall clock has jumped, and says so to set and log. A tick does
  // it; who is about to rely on the clock may.
  void look_at_clock();
  const ClockWatch& clock() const { return watch_; }
  // clock_turns counts the times at which the clock began or ceased to be believed.
  std::uint64_t clock_turns() const { return clock_turns_; }
  // is_over says whether an end has been reached beyond doubt.
  bool is_over(std::int64_t end) const { return end <= over_; }

 private:
  void tick();
  bool write_down();
  Result<void> copy_to_disk();
  void try_open();
  void sweep();
  Refusal failed(const Error& error);
  std::optional<Refusal> not_open() const;

  const Open open_;
  const std::string folder_;
  const Milliseconds tick_every_;
  const bool has_source_;
  const Clock clock_;
  ClockWatch watch_;
  std::int64_t over_ = RevocationSet::kNothingEnds;  // as the set has it
  std::uint64_t clock_turns_ = 0;
  std::uint64_t clock_jumps_ = 0;
  std::vector<policy::Notice> notices_;
  event::Loop* loop_ = nullptr;
  event::Broadcast* broadcast_ = nullptr;
  std::optional<event::Every> every_;
  std::optional<event::Every> copying_;
  // What the disk does not know yet, by record_key; nothing: it is to be erased.
  std::unordered_map<std::string, std::optional<Record>> unwritten_;
  bool awaits_source_ = false;
  std::int64_t synced_on_disk_ = 0;
  std::unique_ptr<RevocationStore> store_;  // null: not open yet
  const std::shared_ptr<RevocationSet> set_ = std::make_shared<RevocationSet>();
  std::string problem_ = "the revocation store is not open yet";
  std::string sweep_after_;
  int ticks_ = 0;
  std::size_t failures_ = 0;
};

}  // namespace sallyport::revocation
