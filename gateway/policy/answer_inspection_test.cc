#include "gateway/policy/answer_inspection.h"
#include "gateway/policy/facts.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "gateway/event/task.h"
#include "gateway/policy/reasons.h"

namespace sallyport::policy {
namespace {

constexpr Reason kNo{"fake.no", ErrorClass::forbidden, "A refusal in a test."};
constexpr Reason kDown{"fake.down", ErrorClass::unavailable, "A missing dependency in a test."};

class FakePolicy final : public Policy {
 public:
  Verdict on_request(Exchange&) override { return allow(); }
  std::size_t answer_limit(const Exchange&, const http::ResponseHead&) const override {
    return limit;
  }
  Verdict on_answer(Exchange& exchange, const Answer& answer) override {
    seen.push_back((answer.is_whole ? "whole:" : "part:") + std::string(answer.body));
    return judge(exchange);
  }
  std::size_t limit = 0;
  std::function<Verdict(Exchange&)> judge = [](Exchange&) { return allow(); };
  std::vector<std::string> seen;
};

class AnswerInspecting : public ::testing::Test {
 protected:
  FakePolicy& add(std::size_t limit, EntryOptions options = {}) {
    entries_.push_back({&module_, nullptr, options});
    auto policy = std::make_unique<FakePolicy>();
    policy->limit = limit;
    FakePolicy& added = *policy;
    chain_.push_back({&entries_.back(), std::move(policy)});
    return added;
  }
  void inspect(std::string_view body = "body", bool is_whole = true) {
    inspection_.emplace(loop_, chain_, exchange_, Answer{head_, body, is_whole},
                        [this](std::optional<Deny> denied) {
                          ++ended_;
                          denied_ = denied;
                        });
    inspection_->start();
  }
  const Reason* refusal() const { return denied_ ? denied_->reason : nullptr; }

  event::Loop loop_;
  Arena arena_;
  ConnectionFacts connection_;
  Facts facts_;
  Exchange exchange_{arena_, connection_, facts_, 0};
  http::ResponseHead head_;
  Module module_{.name = "fake",
                 .summary = "",
                 .shared_options = {},
                 .options = {},
                 .reasons = {},
                 .needs = {},
                 .gives = {},
                 .load = nullptr,
                 .attach = nullptr};
  std::deque<ChainEntry> entries_;
  AttachedChain chain_;
  int ended_ = 0;
  std::optional<Deny> denied_;
  std::optional<AnswerInspection> inspection_;
};

TEST_F(AnswerInspecting, AsksOnlyWhoAskedForIt) {
  FakePolicy& indifferent = add(0);
  FakePolicy& curious = add(10);
  EXPECT_EQ(AnswerInspection::limit(chain_, exchange_, head_), 10u);
  inspect();
  EXPECT_EQ(ended_, 1);
  EXPECT_FALSE(denied_);
  EXPECT_TRUE(indifferent.seen.empty());
  EXPECT_EQ(curious.seen, std::vector<std::string>{"whole:body"});
  EXPECT_EQ(exchange_.trail.steps().size(), 1u);
}

TEST_F(AnswerInspecting, ShowsNobodyMoreThanAskedFor) {
  FakePolicy& small = add(3);
  FakePolicy& large = add(10);
  inspect("body");
  EXPECT_EQ(small.seen, std::vector<std::string>{"part:"});
  EXPECT_EQ(large.seen, std::vector<std::string>{"whole:body"});
  inspect("", false);
  EXPECT_EQ(large.seen.back(), "part:");
}

TEST_F(AnswerInspecting, GoesBackwardsAndEndsAtTheFirstRefusal) {
  FakePolicy& first = add(10);
  FakePolicy& second = add(10);
  second.judge = [](Exchange&) { return deny(kNo); };
  inspect();
  EXPECT_EQ(refusal(), &kNo);
  EXPECT_TRUE(first.seen.empty());
  EXPECT_EQ(ended_, 1);
}

TEST_F(AnswerInspecting, KeepsObserveModeAndFailOpen) {
  EntryOptions observing;
  observing.mode = Mode::observe;
  EntryOptions open;
  open.on_unavailable = OnUnavailable::allow;
  add(10, observing).judge = [](Exchange&) { return deny(kNo); };
  add(10, open).judge = [](Exchange&) { return deny(kDown); };
  inspect();
  EXPECT_FALSE(denied_);
  EXPECT_EQ(exchange_.trail.steps()[0].outcome, Outcome::tolerated);
  EXPECT_EQ(exchange_.trail.steps()[1].outcome, Outcome::would_deny);
}

TEST_F(AnswerInspecting, WaitsAndGoesOn) {
  FakePolicy& first = add(10);
  std::optional<event::Promise<int>> promise;
  add(10).judge = [&](Exchange&) {
    promise.emplace(loop_);
    return await(promise->task(), [](Exchange&, Result<int>) { return allow(); });
  };
  inspect();
  EXPECT_EQ(ended_, 0);
  EXPECT_TRUE(first.seen.empty());
  promise->complete(1);
  loop_.run_once();
  EXPECT_EQ(ended_, 1);
  EXPECT_EQ(first.seen.size(), 1u);
}

TEST_F(AnswerInspecting, EndsAWaitAtItsDeadline) {
  EntryOptions options;
  options.deadline = Milliseconds(1);
  std::optional<event::Promise<int>> promise;
  add(10, options).judge = [&](Exchange&) {
    promise.emplace(loop_);
    return await(promise->task(), [](Exchange&, Result<int>) { return allow(); });
  };
  inspect();
  std::this_thread::sleep_for(Milliseconds(20));  // timers look at a clock of 4 ms
  loop_.run_once();
  EXPECT_EQ(refusal(), &reasons::kPolicyTooSlow);
  EXPECT_FALSE(promise->is_wanted());
}

TEST_F(AnswerInspecting, CancelsWhatItWaitsForWhenItIsGone) {
  std::optional<event::Promise<int>> promise;
  add(10).judge = [&](Exchange&) {
    promise.emplace(loop_);
    return await(promise->task(), [](Exchange&, Result<int>) { return allow(); });
  };
  inspect();
  inspection_.reset();
  EXPECT_FALSE(promise->is_wanted());
  EXPECT_EQ(ended_, 0);
}

}  // namespace
}  // namespace sallyport::policy
