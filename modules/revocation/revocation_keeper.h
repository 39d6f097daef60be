#pragma once

// RevocationKeeper owns a revocation store and the set made of it: it reads the store at the start,
// changes both together, and forgets in small steps what has expired. Control thread only, except
// set().

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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
  explicit RevocationKeeper(Open open, Milliseconds tick = Milliseconds(1000))
      : open_(std::move(open)), tick_every_(tick) {}

  void start(event::Loop& control, event::Broadcast& broadcast) override;
  std::optional<std::string> not_ready() const override;
  void metrics(std::vector<policy::Metric>& to) const override;

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
  struct Page {
    std::vector<Record> records;
    std::string next;  // where the next page begins; empty: there is none
  };
  std::optional<Refusal> list(const ListOrder& order, Page& page);

  // when_everywhere calls `done` when every worker judges by what was changed before.
  void when_everywhere(std::function<void()> done);
  // now is the time in Unix seconds.
  std::int64_t now() const { return loop_->wall().unix_seconds(); }

 private:
  void tick();
  void try_open();
  void sweep();
  Refusal failed(const Error& error);
  std::optional<Refusal> not_open() const;

  const Open open_;
  const Milliseconds tick_every_;
  event::Loop* loop_ = nullptr;
  event::Broadcast* broadcast_ = nullptr;
  std::optional<event::Every> every_;
  std::unique_ptr<RevocationStore> store_;  // null: not open yet
  const std::shared_ptr<RevocationSet> set_ = std::make_shared<RevocationSet>();
  std::string problem_ = "the revocation store is not open yet";
  std::string sweep_after_;
  int ticks_ = 0;
  std::size_t failures_ = 0;
};

}  // namespace sallyport::revocation
