#pragma once

// KeeperFixture is for tests of a keeper: with a disk that can fail, and clocks that can be moved.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "modules/revocation/issuer.h"
#include "modules/revocation/revocation_keeper.h"
#include "modules/revocation/revocation_orders.h"
#include "tests/support/policy_harness.h"

namespace sallyport::revocation {

// Disk is what outlives a store in these tests, and the faults that befall it.
struct Disk {
  std::map<std::string, Record> records;
  std::int64_t synced = 0;
  bool fails_to_open = false;
  bool fails_to_read = false;
  bool fails_to_write = false;
};

class MemoryStore final : public RevocationStore {
 public:
  explicit MemoryStore(Disk& disk) : disk_(disk) {}

  Result<void> put(const Record& record) override {
    if (disk_.fails_to_write) return Error{Fault::gateway, "the disk is full"};
    disk_.records[record_key(record.unit, record.issuer, record.value)] = record;
    return {};
  }
  Result<void> put_all(std::span<const Record> records) override {
    for (const Record& record : records) {
      if (auto done = put(record); !done) return done;
    }
    return {};
  }
  Result<void> mark_synced(std::int64_t when) override {
    disk_.synced = when;
    return {};
  }
  Result<std::int64_t> synced() override { return disk_.synced; }
  Result<std::optional<Record>> find(const std::string& key) override {
    const auto found = disk_.records.find(key);
    if (found == disk_.records.end()) return std::optional<Record>();
    return std::optional<Record>(found->second);
  }
  Result<bool> erase(std::span<const std::string> keys) override {
    if (disk_.fails_to_write) return Error{Fault::gateway, "the disk is full"};
    bool erased = false;
    for (const std::string& key : keys) erased = disk_.records.erase(key) > 0 || erased;
    return erased;
  }
  Result<void> for_each(std::string_view after, const Visit& visit) override {
    if (disk_.fails_to_read) return Error{Fault::gateway, "the disk is gone"};
    auto at = after.empty() ? disk_.records.begin() : disk_.records.upper_bound(std::string(after));
    for (; at != disk_.records.end() && visit(at->first, at->second); ++at) {
    }
    return {};
  }

 private:
  Disk& disk_;
};

class KeeperFixture : public testing::Test {
 protected:
  void start(Terms terms = {}) {
    orders.reset();
    keeper = std::make_shared<RevocationKeeper>(
        [this]() -> Result<std::unique_ptr<RevocationStore>> {
          if (disk.fails_to_open) return Error{Fault::gateway, "the folder is locked"};
          return std::unique_ptr<RevocationStore>(std::make_unique<MemoryStore>(disk));
        },
        Milliseconds(1), false, Clock{[this] { return time(); }, trial});
    orders = std::make_unique<RevocationOrders>(keeper, terms);
    keeper->start(loop, broadcast);
  }
  // The clocks of this machine, moved.
  ClockReading time() const {
    ClockReading now = read_clocks();
    now.wall.unix_ms += wall_moved.count();
    now.boot.us += boot_moved.count() * 1000;
    return now;
  }
  // pass lets time go by on both clocks, and the keeper look.
  void pass(Seconds passed) {
    wall_moved += passed;
    boot_moved += passed;
    keeper->look_at_clock();
  }
  void tick_some() {
    const MonoTime end = mono_now() + Milliseconds(50);
    wait_until([&] { return mono_now() >= end; });
  }
  std::string order(std::string_view verb, std::string_view json) {
    std::string answer;
    EXPECT_TRUE(orders->command(verb, json, [&](int status, std::string text) {
      answer = std::to_string(status) + " " + text;
    }));
    return answer;
  }
  bool is_revoked(Unit unit, std::string_view value, std::int64_t issued_at = 1) {
    return keeper->set()->find(unit, issuer_id("i"), value, issued_at, keeper->now()).has_value();
  }
  // wait_until runs the loop until `holds`, at most for some seconds.
  bool wait_until(const std::function<bool()>& holds) {
    const MonoTime end = mono_now() + Milliseconds(5000);
    while (!holds() && mono_now() < end) loop.run_once();
    return holds();
  }

  Milliseconds wall_moved{0}, boot_moved{0};
  Seconds trial{0};
  Disk disk;
  event::Loop loop;
  test::TestBroadcast broadcast;
  std::shared_ptr<RevocationKeeper> keeper;
  std::unique_ptr<RevocationOrders> orders;
};

}  // namespace sallyport::revocation
