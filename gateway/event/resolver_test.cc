#include "gateway/event/resolver.h"

#include <gtest/gtest.h>

#include <optional>
#include <thread>

namespace sallyport::event {
namespace {

// Nobody answers there.
const ResolverSettings kNobody{{"127.0.0.1:1"}, Milliseconds(50), 1};

using Answer = std::optional<Result<Resolver::Addresses>>;

void run_until(Loop& loop, const std::function<bool()>& there) {
  const MonoTime until = mono_now() + Milliseconds(5'000);
  while (!there() && mono_now() < until) {
    loop.run_once();
    std::this_thread::sleep_for(Milliseconds(1));
  }
}

Answer ask(Loop& loop, Resolver& resolver, const std::string& name) {
  Answer answer;
  auto task = resolver.resolve(name);
  task.then([&](Result<Resolver::Addresses> result) { answer.emplace(std::move(result)); });
  EXPECT_FALSE(answer) << "never inside the call";
  run_until(loop, [&] { return answer.has_value(); });
  return answer;
}

TEST(Resolver, KnowsTheHostsFile) {
  Loop loop;
  Resolver resolver(loop, kNobody);
  const Answer answer = ask(loop, resolver, "localhost");
  ASSERT_TRUE(answer && *answer);
  bool has_v4 = false;
  for (const auto& address : **answer) has_v4 = has_v4 || address.ss_family == AF_INET;
  EXPECT_TRUE(has_v4);
}

TEST(Resolver, SaysWhichNameItIsThatFails) {
  Loop loop;
  Resolver resolver(loop, kNobody);
  const Answer answer = ask(loop, resolver, "api.invalid");
  ASSERT_TRUE(answer && !*answer);
  EXPECT_EQ(answer->error().text.find("api.invalid cannot be resolved: "), 0U);
}

TEST(Resolver, MayEndBeforeItsAnswers) {
  Loop loop;
  std::optional<Resolver> resolver(std::in_place, loop, kNobody);
  Answer answer;
  auto task = resolver->resolve("api.invalid");
  task.then([&](Result<Resolver::Addresses> result) { answer.emplace(std::move(result)); });
  resolver.reset();
  run_until(loop, [&] { return answer.has_value(); });
  EXPECT_TRUE(answer && !*answer);
}

TEST(Resolver, TellsNobodyWhatWasCancelled) {
  Loop loop;
  Resolver resolver(loop, kNobody);
  bool told = false;
  {
    auto task = resolver.resolve("api.invalid");
    task.then([&](Result<Resolver::Addresses>) { told = true; });
    loop.run_once();
  }
  for (int i = 0; i < 100; ++i) {
    loop.run_once();
    std::this_thread::sleep_for(Milliseconds(1));
  }
  EXPECT_FALSE(told);
}

// The loop ends what is left of it; sanitizers watch.
TEST(Resolver, MayBeForgottenWithItsLoop) {
  Loop loop;
  Resolver resolver(loop, kNobody);
  auto task = resolver.resolve("api.invalid");
  task.then([](Result<Resolver::Addresses>) { ADD_FAILURE(); });
}

}  // namespace
}  // namespace sallyport::event
