#include "gateway/event/control_door.h"

#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "gateway/event/worker.h"

namespace sallyport::event {
namespace {

struct Target {
  int answer = 42;
};
using Door = ControlDoor<Target>;

// The worker's side: asks on `loop` and notes the answer.
struct Asker {
  explicit Asker(event::Loop& on, Door& door) : loop(on) {
    task = door.ask<int>(
        loop, [](Target& target, const Door::Reply<int>& reply) { reply(target.answer); });
    task.then([this](Result<int> result) { told.emplace(std::move(result)); });
  }
  void wait() {
    for (int turns = 0; !told && turns < 1000; ++turns) {
      loop.run_once();
      std::this_thread::sleep_for(Milliseconds(1));
    }
  }
  event::Loop& loop;
  event::Task<int> task;
  std::optional<Result<int>> told;
};

TEST(ControlDoor, BringsTheAnswerFromAnotherThread) {
  event::Worker control(0);
  control.start([] {});
  Target target;
  auto door = std::make_shared<Door>();
  door->open(control.loop(), target);
  event::Loop mine;
  for (int i = 0; i < 200; ++i) {
    Asker asker(mine, *door);
    asker.wait();
    ASSERT_TRUE(asker.told && *asker.told);
    EXPECT_EQ(**asker.told, 42);
  }
}

TEST(ControlDoor, SaysSoWhenNobodyIsBehindIt) {
  auto door = std::make_shared<Door>();
  event::Loop mine;
  event::Loop control;
  Asker early(mine, *door);
  early.wait();
  ASSERT_TRUE(early.told);
  EXPECT_FALSE(*early.told);
  Target target;
  door->open(control, target);
  door->close();
  Asker late(mine, *door);
  control.run_once();
  late.wait();
  ASSERT_TRUE(late.told);
  EXPECT_FALSE(*late.told);
}

TEST(ControlDoor, TakesAnAnswerThatNobodyWaitsForAnyMore) {
  event::Loop mine;
  event::Loop control;
  Target target;
  auto door = std::make_shared<Door>();
  door->open(control, target);
  { Asker asker(mine, *door); }
  control.run_once();
  mine.run_once();
  // And one that nobody ever hears: the loop ends with it in its mail.
  Asker last(mine, *door);
}

}  // namespace
}  // namespace sallyport::event
