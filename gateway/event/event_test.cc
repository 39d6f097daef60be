#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gateway/event/live.h"
#include "gateway/event/loop.h"
#include "gateway/event/task.h"
#include "gateway/event/transport.h"
#include "gateway/event/watch.h"
#include "gateway/event/worker.h"

namespace sallyport::event {
namespace {

struct Note final : Ready {
  Note(std::vector<int>& to, int mark) : notes(to), number(mark) {}
  void run() override {
    notes.push_back(number);
    if (next != nullptr) loop->enqueue(*next);
  }
  std::vector<int>& notes;
  int number;
  Ready* next = nullptr;
  Loop* loop = nullptr;
};

TEST(Loop, RunsReadyInTheOrderOfEnqueuing) {
  Loop loop;
  std::vector<int> notes;
  Note one(notes, 1), two(notes, 2);
  loop.enqueue(one);
  loop.enqueue(two);
  loop.enqueue(one);  // twice is once
  EXPECT_TRUE(notes.empty()) << "never on the caller's stack";
  loop.run_once();
  EXPECT_EQ(notes, (std::vector<int>{1, 2}));
}

TEST(Loop, ForgetsReadyThatIsDestroyed) {
  Loop loop;
  std::vector<int> notes;
  Note kept(notes, 1);
  {
    Note gone(notes, 2);
    loop.enqueue(gone);
    loop.enqueue(kept);
  }
  loop.run_once();
  EXPECT_EQ(notes, (std::vector<int>{1}));
}

TEST(Loop, RunsWhatWasEnqueuedByAReadyLater) {
  Loop loop;
  std::vector<int> notes;
  Note first(notes, 1), second(notes, 2);
  first.next = &second;
  first.loop = &loop;
  loop.enqueue(first);
  for (int i = 0; i < 3; ++i) loop.run_once();
  EXPECT_EQ(notes, (std::vector<int>{1, 2}));
}

// Busy is an object whose work never ends.
struct Busy final : Ready {
  explicit Busy(Loop& on) : loop(on) { loop.enqueue(*this); }
  void run() override {
    ++runs;
    loop.enqueue(*this);
    if (runs == act_at) act();
  }
  Loop& loop;
  int runs = 0;
  int act_at = 0;
  std::function<void()> act;
};

TEST(Loop, RunsPostedWorkBetweenTwoRoundsOfAnObjectThatEnqueuesItself) {
  Loop loop;
  Busy busy(loop);
  int posted_ran_at = 0;
  busy.act_at = 10;
  busy.act = [&] { loop.post([&] { posted_ran_at = busy.runs; }); };
  for (int i = 0; i < 10; ++i) loop.run_once();
  ASSERT_GT(posted_ran_at, 0);
  EXPECT_LE(posted_ran_at, 10 + 2 * static_cast<int>(Loop::kMostRunsOfOne));
}

TEST(Loop, RunsPostedWorkWithinTwoRoundsHoweverMuchIsEnqueued) {
  Loop loop;
  std::vector<std::unique_ptr<Busy>> crowd;
  for (int i = 0; i < 1000; ++i) crowd.push_back(std::make_unique<Busy>(loop));
  const auto all_runs = [&] {
    int runs = 0;
    for (const auto& busy : crowd) runs += busy->runs;
    return runs;
  };
  int posted_ran_at = 0;
  loop.post([&] { posted_ran_at = all_runs(); });
  for (int i = 0; i < 2; ++i) loop.run_once();
  EXPECT_LE(posted_ran_at, 2 * static_cast<int>(Loop::kMostRuns));
  EXPECT_GT(all_runs(), 0);
}

TEST(Loop, FiresADueTimerWithinTwoRoundsHoweverMuchIsEnqueued) {
  Loop loop;
  struct Handler final : TimerHandler {
    void on_timer() override { fired = true; }
    bool fired = false;
  } handler;
  Timer timer(loop, handler);
  std::vector<std::unique_ptr<Busy>> crowd;
  for (int i = 0; i < 1000; ++i) crowd.push_back(std::make_unique<Busy>(loop));
  timer.arm(Milliseconds(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  for (int i = 0; i < 2; ++i) loop.run_once();
  EXPECT_TRUE(handler.fired);
}

TEST(Loop, StarvesNobodyAmongAThousand) {
  Loop loop;
  std::vector<std::unique_ptr<Busy>> crowd;
  for (int i = 0; i < 1000; ++i) crowd.push_back(std::make_unique<Busy>(loop));
  for (int i = 0; i < 80; ++i) loop.run_once();
  for (const auto& busy : crowd) {
    EXPECT_GE(busy->runs, 10);
    EXPECT_LE(busy->runs, 11) << "first come, first served: nobody is a whole turn ahead";
  }
}

TEST(Loop, KeepsTheOrderAcrossTheEndOfARound) {
  Loop loop;
  std::vector<int> notes;
  std::vector<std::unique_ptr<Note>> all;
  for (int i = 0; i < 300; ++i) {
    all.push_back(std::make_unique<Note>(notes, i));
    loop.enqueue(*all.back());
  }
  for (int i = 0; i < 3; ++i) loop.run_once();
  ASSERT_EQ(notes.size(), 300u);
  EXPECT_TRUE(std::is_sorted(notes.begin(), notes.end()));
}

TEST(Loop, RunsWorkPostedByAnotherThread) {
  Loop loop;
  int seen = 0;
  std::thread other([&] {
    loop.post([&] {
      seen = 1;
      loop.stop();
    });
  });
  loop.run();
  other.join();
  EXPECT_EQ(seen, 1);
}

TEST(Task, CompletesThroughTheReadyList) {
  Loop loop;
  Promise<int> promise(loop);
  Task<int> task = promise.task();
  int got = 0;
  task.then([&](Result<int> result) { got = *result; });
  promise.complete(7);
  EXPECT_EQ(got, 0) << "not inside the call";
  loop.run_once();
  EXPECT_EQ(got, 7);
}

TEST(Task, DoesNothingAfterItIsDestroyed) {
  Loop loop;
  Promise<int> promise(loop);
  bool cancelled = false;
  promise.on_cancel([&] { cancelled = true; });
  int got = 0;
  {
    Task<int> task = promise.task();
    task.then([&](Result<int> result) { got = *result; });
  }
  EXPECT_TRUE(cancelled);
  EXPECT_FALSE(promise.is_wanted());
  promise.complete(7);
  loop.run_once();
  EXPECT_EQ(got, 0);
}

TEST(Task, IsCancelledBetweenCompletionAndContinuation) {
  Loop loop;
  Promise<int> promise(loop);
  auto task = std::make_unique<Task<int>>(promise.task());
  int got = 0;
  task->then([&](Result<int> result) { got = *result; });
  promise.complete(7);
  task.reset();
  loop.run_once();
  EXPECT_EQ(got, 0);
}

TEST(Task, MayBeDestroyedByItsContinuation) {
  Loop loop;
  Promise<int> promise(loop);
  auto task = std::make_unique<Task<int>>(promise.task());
  task->then([&](Result<int>) { task.reset(); });
  promise.complete(7);
  loop.run_once();
  EXPECT_EQ(task, nullptr);
}

struct Alarm final : TimerHandler {
  void on_timer() override { ++rang; }
  int rang = 0;
};

TEST(Timer, FiresOnceAndNotAfterDisarm) {
  Loop loop;
  Alarm alarm, silent;
  Timer timer(loop, alarm), disarmed(loop, silent);
  timer.arm(Milliseconds(5));
  disarmed.arm(Milliseconds(5));
  disarmed.disarm();
  for (int i = 0; i < 50 && alarm.rang == 0; ++i) {
    std::this_thread::sleep_for(Milliseconds(1));
    loop.run_once();
  }
  loop.run_once();
  EXPECT_EQ(alarm.rang, 1);
  EXPECT_EQ(silent.rang, 0);
}

TEST(Timer, WaitsForTheLatestDueTime) {
  Loop loop;
  Alarm alarm;
  Timer timer(loop, alarm);
  timer.arm(Milliseconds(5));
  timer.arm(Milliseconds(10'000));
  std::this_thread::sleep_for(Milliseconds(10));
  loop.run_once();
  EXPECT_EQ(alarm.rang, 0);
  EXPECT_TRUE(timer.is_armed());
  timer.arm(Milliseconds(1));  // earlier again
  for (int turns = 0; alarm.rang == 0 && turns < 200; ++turns) {
    std::this_thread::sleep_for(Milliseconds(5));
    loop.run_once();
  }
  EXPECT_EQ(alarm.rang, 1);
}

struct Ends final : WatchHandler {
  void on_readable() override { ++readable; }
  void on_writable() override { ++writable; }
  int readable = 0, writable = 0;
};

TEST(Watch, TellsOnlyWhatIsWanted) {
  std::array<int, 2> fds{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()), 0);
  PlainTransport near(fds[0]), far(fds[1]);
  Loop loop;
  Ends ends;
  Watch watch(loop, near.fd(), ends);
  loop.run_once();
  EXPECT_EQ(ends.writable, 0);
  watch.want_write(true);
  loop.run_once();
  EXPECT_EQ(ends.writable, 1);
  watch.want(true, false);
  std::string hello = "hi";
  const iovec piece{hello.data(), hello.size()};
  ASSERT_EQ(far.write({&piece, 1}).bytes, 2u);
  loop.run_once();
  EXPECT_EQ(ends.readable, 1);
  EXPECT_EQ(ends.writable, 1);
}

struct AtOnce final : Broadcast {
  void to_all(std::function<void(unsigned)> work, std::function<void()> done) override {
    work(0);
    done();
  }
};

TEST(Live, IsNullUntilPublishedAndThenReplaced) {
  Live<int> live;
  AtOnce broadcast;
  EXPECT_EQ(live.here(0), nullptr);
  bool told = false;
  live.publish(broadcast, std::make_shared<const int>(1), [&] { told = true; });
  EXPECT_TRUE(told);
  EXPECT_EQ(*live.here(0), 1);
  EXPECT_EQ(live.here(1), nullptr) << "one slot a worker";
}

}  // namespace
}  // namespace sallyport::event
