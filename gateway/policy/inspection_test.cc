#include "gateway/policy/inspection.h"
#include "gateway/policy/facts.h"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <thread>

#include "gateway/event/task.h"
#include "gateway/policy/reasons.h"

namespace sallyport::policy {
namespace {

constexpr Reason kNo{"fake.no", ErrorClass::forbidden, "It said no."};
constexpr std::array kReasons{&kNo};
constexpr Reason kGone{"fake.gone", ErrorClass::unavailable, "Its dependency is gone."};

// FakePolicy answers what the test put in; Waits are promises that the test completes.
struct FakePolicy final : Policy {
  explicit FakePolicy(std::function<Verdict(Exchange&)> answer) : answers(std::move(answer)) {}
  Verdict on_request(Exchange& exchange) override { return ++asked, answers(exchange); }
  void on_response(Exchange&, http::ResponseHead&) override { ++responses; }
  void on_done(const Exchange&) noexcept override { ++done; }
  std::function<Verdict(Exchange&)> answers;
  int asked = 0, responses = 0, done = 0;
};

class Inspecting : public ::testing::Test {
 protected:
  FakePolicy& add(std::function<Verdict(Exchange&)> answer, EntryOptions options = {},
                  std::span<const Fact> needs = {}) {
    modules_.push_back({.name = "fake",
                        .summary = "",
                        .shared_options = {},
                        .options = {},
                        .reasons = {},
                        .needs = needs,
                        .gives = {},
                        .load = nullptr,
                        .attach = nullptr});
    entries_.push_back({&modules_.back(), nullptr, options});
    auto policy = std::make_unique<FakePolicy>(std::move(answer));
    FakePolicy& added = *policy;
    chain_.push_back({&entries_.back(), std::move(policy)});
    return added;
  }

  void inspect() {
    inspection_.emplace(loop_, chain_, exchange_,
                        [this](Inspection::Ending ending) { ended_.emplace(std::move(ending)); });
    inspection_->start();
  }
  bool permitted() const { return ended_ && std::holds_alternative<Permit>(*ended_); }
  const Reason* refusal() const {
    return ended_ && std::holds_alternative<Deny>(*ended_) ? std::get<Deny>(*ended_).reason
                                                           : nullptr;
  }
  Outcome outcome(std::size_t i) const { return exchange_.trail.steps()[i].outcome; }

  event::Loop loop_;
  Arena arena_;
  ConnectionFacts connection_;
  Facts facts_;
  Exchange exchange_{arena_, connection_, facts_, 0};
  std::deque<Module> modules_;
  std::deque<ChainEntry> entries_;
  AttachedChain chain_;
  std::optional<Inspection::Ending> ended_;
  std::optional<Inspection> inspection_;
};

TEST_F(Inspecting, PermitsWhenEveryPolicyAllows) {
  add([](Exchange&) { return allow(); });
  FakePolicy& second = add([](Exchange&) { return allow(); });
  inspect();
  EXPECT_TRUE(permitted());
  EXPECT_EQ(second.asked, 1);
  EXPECT_EQ(exchange_.trail.steps().size(), 2u);
}

TEST_F(Inspecting, NeedsWhatItWantsInAChainThatHasIt) {
  FakePolicy& policy = add([](Exchange&) { return allow(); });
  entries_.back().wanted = {Fact::token};
  inspect();
  EXPECT_EQ(refusal(), &reasons::kFactMissing);
  EXPECT_EQ(policy.asked, 0);
}

TEST_F(Inspecting, StopsAtTheFirstDenial) {
  add([](Exchange&) { return deny(kNo); });
  FakePolicy& second = add([](Exchange&) { return allow(); });
  inspect();
  EXPECT_EQ(refusal(), &kNo);
  EXPECT_EQ(second.asked, 0);
  EXPECT_EQ(outcome(0), Outcome::denied);
}

TEST_F(Inspecting, ObservesWithoutDenying) {
  add([](Exchange&) { return deny(kNo); }, {.mode = Mode::observe});
  FakePolicy& second = add([](Exchange&) { return allow(); });
  inspect();
  EXPECT_TRUE(permitted());
  EXPECT_EQ(second.asked, 1);
  EXPECT_EQ(outcome(0), Outcome::would_deny);
  EXPECT_EQ(exchange_.trail.steps()[0].reason, &kNo);
}

TEST_F(Inspecting, DeniesWhenADependencyIsGone) {
  add([](Exchange&) { return deny(kGone); });
  inspect();
  EXPECT_EQ(refusal(), &kGone);
}

TEST_F(Inspecting, ToleratesAMissingDependencyOnlyWhereAsked) {
  add([](Exchange&) { return deny(kGone); }, {.on_unavailable = OnUnavailable::allow});
  add([](Exchange&) { return deny(kNo); }, {.on_unavailable = OnUnavailable::allow});
  inspect();
  EXPECT_EQ(outcome(0), Outcome::tolerated);
  EXPECT_EQ(refusal(), &kNo) << "only what is unavailable is tolerated";
}

TEST_F(Inspecting, RefusesForAPolicyWhoseFactIsMissing) {
  static constexpr Fact kNeeds[] = {Fact::token};
  FakePolicy& needy = add([](Exchange&) { return allow(); }, {}, kNeeds);
  inspect();
  ASSERT_NE(refusal(), nullptr);
  EXPECT_EQ(refusal()->id, "gateway.fact_missing");
  EXPECT_EQ(needy.asked, 0);
}

TEST_F(Inspecting, WaitsAndGoesOn) {
  event::Promise<int> promise(loop_);
  add([&](Exchange&) {
    return await(promise.task(), [](Exchange&, Result<int> result) -> Verdict {
      return *result == 7 ? allow() : deny(kNo);
    });
  });
  inspect();
  EXPECT_FALSE(ended_.has_value());
  promise.complete(7);
  EXPECT_FALSE(ended_.has_value()) << "never on the completer's stack";
  loop_.run_once();
  EXPECT_TRUE(permitted());
}

// A body or an answer may have taken its time to come: a token that was good then may not be now.
TEST_F(Inspecting, JudgesByTheTimeOfJudging) {
  exchange_.clock = &loop_;
  exchange_.now = {};
  event::Promise<int> promise(loop_);
  WallTime asked, told, next;
  add([&](Exchange& exchange) {
    asked = std::exchange(exchange.now, {});
    return await(promise.task(), [&](Exchange& later, Result<int>) {
      told = std::exchange(later.now, {});
      return allow();
    });
  });
  add([&](Exchange& exchange) {
    next = std::exchange(exchange.now, {});
    return allow();
  });
  inspect();
  promise.complete(7);
  loop_.run_once();
  ASSERT_TRUE(permitted());
  EXPECT_NE(asked, WallTime());
  EXPECT_EQ(told, loop_.wall());
  EXPECT_EQ(next, loop_.wall());
  http::ResponseHead head;
  Inspection::on_response(chain_, exchange_, head);
  EXPECT_EQ(exchange_.now, loop_.wall());
}

TEST_F(Inspecting, CancelsWhatItWaitsForWhenDestroyed) {
  event::Promise<int> promise(loop_);
  FakePolicy& waiting = add([&](Exchange&) {
    return await(promise.task(), [](Exchange&, Result<int>) { return allow(); });
  });
  inspect();
  EXPECT_TRUE(promise.is_wanted());
  inspection_.reset();
  EXPECT_FALSE(promise.is_wanted());
  EXPECT_EQ(waiting.done, 1);
  promise.complete(7);
  loop_.run_once();
  EXPECT_FALSE(ended_.has_value());
}

TEST_F(Inspecting, RefusesWhenADependencyIsTooSlow) {
  event::Promise<int> promise(loop_);
  add(
      [&](Exchange&) {
        return await(promise.task(), [](Exchange&, Result<int>) { return allow(); });
      },
      {.deadline = Milliseconds(1)});
  inspect();
  for (int i = 0; i < 100 && !ended_; ++i) {
    std::this_thread::sleep_for(Milliseconds(1));
    loop_.run_once();
  }
  ASSERT_NE(refusal(), nullptr);
  EXPECT_EQ(refusal()->id, "gateway.policy_too_slow");
  EXPECT_FALSE(promise.is_wanted());
}

TEST_F(Inspecting, TellsOnDoneToThoseThatWereAskedOnly) {
  FakePolicy& first = add([](Exchange&) { return deny(kNo); });
  FakePolicy& second = add([](Exchange&) { return allow(); });
  inspect();
  inspection_.reset();
  EXPECT_EQ(first.done, 1);
  EXPECT_EQ(second.done, 0);
}

enum class FakeCheck : std::uint8_t { first, second };

TEST_F(Inspecting, KeepsTheMarksOfEachPolicyForItself) {
  event::Promise<int> promise(loop_);
  add([&](Exchange& exchange) {
    passed(exchange, FakeCheck::first);
    must_pass(exchange, FakeCheck::second);
    return await(promise.task(), [](Exchange& later, Result<int>) {
      passed(later, FakeCheck::second);
      return allow();
    });
  });
  add([](Exchange& exchange) {
    passed(exchange, FakeCheck::first);
    return deny(kNo);
  });
  add([](Exchange&) { return allow(); });
  inspect();
  promise.complete(7);
  loop_.run_once();
  ASSERT_EQ(exchange_.trail.steps().size(), 2u);
  EXPECT_EQ(exchange_.trail.steps()[0].marks.passed, 0b11);
  EXPECT_EQ(exchange_.trail.steps()[0].marks.must_pass, 0b10);
  EXPECT_EQ(exchange_.trail.steps()[1].marks.passed, 0b01);
  EXPECT_EQ(exchange_.trail.steps()[1].marks.must_pass, 0);
}

TEST_F(Inspecting, PutsWhoReplacesAnAnswerIntoTheTrail) {
  add([](Exchange&) { return allow(); });
  modules_.back().reasons = kReasons;
  add([](Exchange&) { return allow(); });
  exchange_.answer_refused = &kNo;
  Inspection::note_refused_answer(chain_, exchange_);
  ASSERT_EQ(exchange_.trail.steps().size(), 1u);
  EXPECT_EQ(exchange_.trail.steps()[0].module, &modules_.front());
  EXPECT_EQ(exchange_.trail.steps()[0].reason, &kNo);
}

TEST_F(Inspecting, ShowsAnswersToAllPolicies) {
  FakePolicy& first = add([](Exchange&) { return allow(); });
  FakePolicy& second = add([](Exchange&) { return allow(); });
  http::ResponseHead head;
  Inspection::on_response(chain_, exchange_, head);
  EXPECT_EQ(first.responses, 1);
  EXPECT_EQ(second.responses, 1);
}

}  // namespace
}  // namespace sallyport::policy
