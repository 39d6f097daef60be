#pragma once

// GrantLedger keeps on disk what the gateway has learned of tokens, by their hashes. It lives on
// the control thread; workers ask it through its door and wait for the answer.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/clock_watch.h"
#include "gateway/clients/lmdb_store.h"
#include "gateway/event/control_door.h"
#include "gateway/event/watch.h"
#include "gateway/policy/module.h"
#include "modules/oauth/grant.h"

namespace sallyport::oauth {

// GrantTerms may change while the ledger goes on.
struct GrantTerms {
  Seconds keep{400 * 24 * 3600};
  std::size_t max_entries = 1'000'000;
};

class GrantLedger final : public policy::Service {
 public:
  using Door = event::ControlDoor<GrantLedger>;

  // The folder is the ledger's alone; max_bytes is of its file. What has expired is forgotten while
  // the wall clock is to be believed (clock_watch.h): whose grant is forgotten cannot be refused.
  GrantLedger(std::string folder, std::size_t max_bytes, Clock clock = {})
      : folder_(std::move(folder)),
        max_bytes_(max_bytes),
        clock_(std::move(clock)),
        watch_(clock_.trial) {}
  ~GrantLedger() override { door_->close(); }

  void start(event::Loop& control, event::Broadcast& broadcast) override;
  std::optional<std::string> not_ready() const override;
  std::vector<std::string> problems() const override;
  std::vector<std::string> stores() const override { return {folder_}; }
  void metrics(std::vector<policy::Metric>& to) const override;

  // door is for the workers' plans; what follows is asked through it.
  std::shared_ptr<Door> door() const { return door_; }
  // find looks a token up by its grant_key.
  Result<std::optional<Grant>> find(const std::string& key);
  // learn is durable when it returns; false: the ledger is full and has not taken it.
  Result<bool> learn(LearnedGrant learned, const GrantTerms& terms);

 private:
  void try_open();
  void tick();
  void sweep();
  bool is_over(std::int64_t end);

  const std::string folder_;
  const std::size_t max_bytes_;
  const Clock clock_;
  ClockWatch watch_;
  const std::shared_ptr<Door> door_ = std::make_shared<Door>();
  event::Loop* loop_ = nullptr;
  std::optional<event::Every> every_;
  std::unique_ptr<clients::LmdbStore> store_;  // null: not open yet
  std::string problem_ = "the store of grants is not open yet";
  std::string sweep_after_;
  std::size_t entries_ = 0;
  std::size_t not_taken_ = 0;
  bool is_full_ = false;
};

}  // namespace sallyport::oauth
