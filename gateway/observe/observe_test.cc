#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>

#include "gateway/json/json.h"
#include "gateway/metrics/metrics.h"
#include "gateway/observe/decision_ring.h"
#include "gateway/observe/log_queue.h"
#include "gateway/observe/record.h"
#include "gateway/policy/facts.h"
#include "gateway/policy/module.h"
#include "tests/support/policy_harness.h"

namespace sallyport::observe {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr policy::Reason kNo{"fake.no", policy::ErrorClass::forbidden, "It said no."};
constexpr policy::Reason kBad{"fake.bad", policy::ErrorClass::forbidden, "It was bad."};

enum class FakeCheck : std::uint8_t { first, second, rare, third };
constexpr std::array kOfSecond{&kNo};
constexpr std::array kOfThird{&kBad};
constexpr std::array kFakeChecks{
    policy::check(FakeCheck::first, "first", {}),
    policy::check(FakeCheck::second, "second", kOfSecond),
    policy::check(FakeCheck::rare, "rare", {}, policy::Needed::sometimes),
    policy::check(FakeCheck::third, "third", kOfThird)};

policy::Module module_of(std::string_view name, std::span<const policy::Check> checks) {
  return {.name = name,
          .summary = "",
          .shared_options = {},
          .options = {},
          .reasons = {},
          .checks = checks,
          .needs = {},
          .gives = {},
          .load = nullptr,
          .attach = nullptr};
}
const policy::Module kFake = module_of("fake", kFakeChecks);
const policy::Module kOther = module_of("other", {});

TEST(Metrics, AreSummedOverBanks) {
  metrics::Registry registry;
  const metrics::Slot slot = registry.counter("x_total", "Xs.");
  metrics::Bank one, two;
  one.add(slot, 2);
  two.add(slot, 3);
  const std::array<const metrics::Bank*, 2> banks{&one, &two};
  EXPECT_THAT(registry.render(banks), HasSubstr("sallyport_x_total 5\n"));
}

TEST(Metrics, HaveOneSlotForOneSeries) {
  metrics::Registry registry;
  const std::array a{metrics::Label{"route", "a"}};
  const std::array b{metrics::Label{"route", "b"}};
  EXPECT_EQ(registry.counter("x", "", a), registry.counter("x", "", a));
  EXPECT_NE(registry.counter("x", "", a), registry.counter("x", "", b));
}

TEST(Metrics, EscapeLabels) {
  const metrics::Label label{"name", "a\"b\\c\nd"};
  EXPECT_EQ(metrics::render_labels({&label, 1}), R"(name="a\"b\\c\nd")");
}

TEST(Metrics, CountGaugesDown) {
  metrics::Registry registry;
  const metrics::Slot slot = registry.gauge("open", "Open.");
  metrics::Bank bank;
  bank.add(slot);
  bank.add(slot);
  bank.subtract(slot);
  const metrics::Bank* const banks[] = {&bank};
  EXPECT_THAT(registry.render(banks), HasSubstr("sallyport_open 1\n"));
}

TEST(Metrics, RenderHistogramsCumulatively) {
  metrics::Registry registry;
  const metrics::Histogram histogram = registry.histogram("d_seconds", "Ds.");
  metrics::Bank bank;
  histogram.observe(bank, 40);          // 0.00004 s
  histogram.observe(bank, 3'000);       // 0.003 s
  histogram.observe(bank, 99'000'000);  // beyond the last bound
  const metrics::Bank* const banks[] = {&bank};
  const std::string text = registry.render(banks);
  EXPECT_THAT(text, HasSubstr("sallyport_d_seconds_bucket{le=\"5e-05\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sallyport_d_seconds_bucket{le=\"0.005\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("sallyport_d_seconds_bucket{le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("sallyport_d_seconds_count 3\n"));
}

TEST(Metrics, NeverCountBeyondTheirBank) {
  metrics::Registry registry;
  metrics::Slot last = 1;
  for (std::size_t i = 0; i < metrics::Bank::kSlots + 10; ++i) {
    const std::string value = std::to_string(i);
    const metrics::Label label{"n", value};
    last = registry.counter("many", "", {&label, 1});
  }
  EXPECT_EQ(last, 0u) << "the slot of what could not be registered";
}

class Recording : public ::testing::Test {
 protected:
  Recording() {
    connection_.listener = "api";
    exchange_.id = Uuid::from_random({1, 2, 3});
    exchange_.request.method_text = "GET";
    exchange_.request.host = "api.example";
    exchange_.facts.client_address = *net::Address::parse("192.0.2.7");
    record_.exchange = &exchange_;
    record_.path = "/accounts";
    record_.route = "accounts";
    record_.status = 403;
  }

  Arena arena_;
  policy::ConnectionFacts connection_;
  policy::Facts facts_;
  policy::Exchange exchange_{arena_, connection_, facts_, 0};
  RequestRecord record_;
};

TEST_F(Recording, AccessLinesAreOneJsonObjectEach) {
  record_.reason = &kNo;
  record_.stage = "fake";
  record_.evidence = "quote=\" newline=\n control=\x01 bad=\xff";
  std::string line;
  append_access_line(line, record_);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto value = json::parse(line);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->member("deny").member("reason").string(), "fake.no");
  EXPECT_EQ(value->member("client_ip").string(), "192.0.2.7");
  EXPECT_EQ(value->member("status").integer(), 403);
}

TEST_F(Recording, AccessLinesAreBoundedWhateverThePeerSends) {
  const std::string huge(100'000, '\x01');  // six bytes each in JSON
  record_.path = huge;
  exchange_.request.host = huge;
  exchange_.request.method_text = huge;
  std::string line;
  append_access_line(line, record_);
  EXPECT_LT(line.size(), LogQueue::kMaxLine * 2);
}

TEST_F(Recording, AccessLinesSayWhereTheClientIsOnceThatIsKnown) {
  const auto line_with = [&](const policy::Location& location, std::string_view tags) {
    exchange_.facts.geo = test::FactMaker::located(location, tags);
    std::string line;
    append_access_line(line, record_);
    return line;
  };
  EXPECT_THAT(line_with({{'A', 'T'}, {'E', 'U'}, 64496}, "cloud,alps"),
              HasSubstr(R"("country":"AT","asn":64496,"geo_tags":"cloud,alps")"));
  EXPECT_THAT(line_with({{}, {}, 64496}, ""), HasSubstr(R"("asn":64496,"route")"));
  const std::string nothing = line_with({}, "");
  for (const char* field : {"\"country\"", "\"asn\"", "\"geo_tags\""}) {
    EXPECT_THAT(nothing, Not(HasSubstr(field)));
  }
}

TEST_F(Recording, HandshakeLinesNameReasonAndCertificate) {
  HandshakeRecord record;
  record.listener = "api";
  record.client.address = *net::Address::parse("192.0.2.7");
  record.reason = "certificate.expired";
  record.subject = "CN=x";
  std::string line;
  append_handshake_line(line, record);
  const auto value = json::parse(line);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->member("event").string(), "handshake_failed");
  EXPECT_EQ(value->member("cert").member("subject").string(), "CN=x");
}

TEST_F(Recording, DecisionsAreFoundByEitherId) {
  DecisionRing ring;
  exchange_.interaction_id = "c0ffee00-0000-4000-8000-000000000001";
  exchange_.trail.add({&kOther, policy::Outcome::allowed, nullptr, "client=192.0.2.7", 1});
  exchange_.trail.add({&kFake, policy::Outcome::denied, &kNo, "why=test", 2});
  ring.add(record_);
  for (const std::string_view id : {exchange_.id.view(), exchange_.interaction_id}) {
    const auto found = ring.find(id);
    ASSERT_TRUE(found) << id;
    const auto value = json::parse(found->decision.dump());
    ASSERT_TRUE(value);
    EXPECT_EQ(value->member("steps").size(), 2u);
    EXPECT_EQ(value->member("steps").at(1).member("reason").string(), "fake.no");
  }
  EXPECT_FALSE(ring.find("c0ffee00-0000-4000-8000-000000000002"));
}

TEST_F(Recording, DecisionsOfOneInteractionIdAreCounted) {
  DecisionRing ring;
  exchange_.interaction_id = "c0ffee00-0000-4000-8000-000000000001";
  std::vector<std::string> ids;
  for (std::uint8_t i = 0; i < 3; ++i) {
    exchange_.id = Uuid::from_random({7, i});
    ids.emplace_back(exchange_.id.view());
    ring.add(record_);
  }
  const auto found = ring.find(exchange_.interaction_id);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->count, 3U);
  EXPECT_EQ(found->request_id, ids[2]);
  EXPECT_EQ(found->others, (std::vector<std::string>{ids[1], ids[0]}));
  EXPECT_EQ(json::parse(found->decision.dump())->member("request_id").string(), ids[2]);
  EXPECT_EQ(ring.find(ids[0])->count, 1U);
}

// told returns the checks of the last step as "name=result".
std::string told(const std::string& decision) {
  const auto value = json::parse(decision);
  if (!value) return "no JSON: " + decision;
  const json::Value steps = value->member("steps");
  const json::Value checks = steps.at(steps.size() - 1).member("checks");
  std::string text;
  for (std::size_t i = 0; i < checks.size(); ++i) {
    const json::Value check = checks.at(i);
    text += (text.empty() ? "" : " ") + std::string(*check.member("check").string()) + "=" +
            std::string(*check.member("result").string());
    if (const auto detail = check.member("detail").string()) text += ":" + std::string(*detail);
  }
  return text;
}

TEST_F(Recording, DecisionsTellTheChecksOfAPolicy) {
  DecisionRing ring;
  const auto tell = [&](policy::Step step) {
    exchange_.trail = {};
    exchange_.trail.add(step);
    ring.add(record_);
    return told(ring.find(exchange_.id.view())->decision.dump());
  };
  using policy::Outcome;
  EXPECT_EQ(tell({&kFake, Outcome::allowed, nullptr, "x=1", 1, {0b1011, 0}}),
            "first=pass second=pass third=pass");
  EXPECT_EQ(tell({&kFake, Outcome::denied, &kNo, "x=1", 1, {0b0001, 0b0100}}),
            "first=pass second=fail:x=1 rare=not_reached third=not_reached");
  EXPECT_EQ(tell({&kFake, Outcome::would_deny, &kBad, "", 1, {0b0111, 0b0100}}),
            "first=pass second=pass rare=pass third=fail");
  EXPECT_EQ(tell({&kFake, Outcome::tolerated, &kNo, "x=2", 1, {0b0001, 0}}),
            "first=pass second=fail:x=2 third=not_reached");
  EXPECT_EQ(tell({&kOther, Outcome::allowed}), "");
}

TEST_F(Recording, OldDecisionsAreForgotten) {
  DecisionRing ring;
  ring.add(record_);
  const Uuid first = exchange_.id;
  for (std::size_t i = 0; i < DecisionRing::kDecisions; ++i) {
    exchange_.id =
        Uuid::from_random({9, static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8)});
    ring.add(record_);
  }
  EXPECT_FALSE(ring.find(first.view()));
  EXPECT_TRUE(ring.find(exchange_.id.view()));
}

TEST(LogQueue, LinesReachTheScribesDescriptor) {
  std::array<int, 2> fds{};
  ASSERT_EQ(pipe(fds.data()), 0);
  LogQueue queue;
  {
    Scribe scribe(fds[1], {&queue});
    *queue.line() += "one\n";
    *queue.line() += "two\n";
    queue.flush();
    scribe.say("three\n");
  }
  close(fds[1]);
  std::string text(100, '\0');
  std::size_t size = 0;
  for (ssize_t got = 0; (got = read(fds[0], text.data() + size, text.size() - size)) > 0;) {
    size += static_cast<std::size_t>(got);
  }
  close(fds[0]);
  text.resize(size);
  EXPECT_THAT(text, HasSubstr("one\ntwo\n"));
  EXPECT_THAT(text, HasSubstr("three\n"));
}

TEST(LogQueue, DropsAndCountsWhenTheScribeIsBehind) {
  LogQueue queue;  // nobody reads
  const std::string line(LogQueue::kMaxLine - 1, 'x');
  bool dropped = false;
  for (std::size_t i = 0; i < LogQueue::kChunks * 9 && !dropped; ++i) {
    std::string* to = queue.line();
    dropped = to == nullptr;
    if (to != nullptr) *to += line;
  }
  EXPECT_TRUE(dropped);
  EXPECT_EQ(queue.dropped(), 1u);
}

}  // namespace
}  // namespace sallyport::observe
