#include "modules/rate/rate.h"

#include "gateway/policy/route.h"
#include "tests/support/policy_harness.h"

namespace sallyport::rate {
namespace {

using test::Allowed;
using test::Call;
using test::DeniedWith;
using test::evidence_of;
using test::PolicyHarness;
using testing::HasSubstr;

const bool kCovered = test::require_every_reason(module);

constexpr std::int64_t kSecondUs = 1'000'000;

class Rate : public testing::Test {
 protected:
  void load(std::string_view limits, std::string_view names = "a") {
    harness_.shared(limits);
    ASSERT_TRUE(harness_.load("limits: [" + std::string(names) + "]")) << harness_.errors();
  }
  policy::Verdict judge(Call& call) {
    call.exchange().started = now_;
    return harness_.judge(call);
  }
  // passing says how many of `calls` from that address pass.
  int passing(int calls, std::string_view address = "192.0.2.1", std::string_view identity = "") {
    int passed = 0;
    for (int i = 0; i < calls; ++i) {
      Call call;
      call.from(address);
      if (!identity.empty()) call.identity(identity);
      passed += judge(call).index() == 0;
      harness_.policy().on_done(call.exchange());
    }
    return passed;
  }
  std::string errors_of(std::string_view limits, std::string_view names = "a") {
    PolicyHarness harness(module);
    harness.shared(limits);
    EXPECT_FALSE(harness.load("limits: [" + std::string(names) + "]"));
    return harness.errors();
  }
  double metric(std::string_view name, std::string_view limit = "") {
    for (const auto& metric : harness_.metrics()) {
      if (metric.name == name && metric.label_value == limit) return metric.value;
    }
    ADD_FAILURE() << "no metric " << name;
    return -1;
  }

  PolicyHarness harness_{module};
  MonoTime now_ = mono_now();  // as metrics do: they count by the clock
};

TEST_F(Rate, LetsABurstPassAndThenTheRate) {
  load("limits: {a: {by: [address], requests: 10, per: 1s, burst: 20}}");
  EXPECT_EQ(passing(30), 20);
  now_.us += kSecondUs / 2;
  EXPECT_EQ(passing(30), 5);
  now_.us += 10 * kSecondUs;
  EXPECT_EQ(passing(30), 20);
}

TEST_F(Rate, CountsEveryAddressForItself) {
  load("limits: {a: {by: [address], requests: 3}}");
  EXPECT_EQ(passing(5, "192.0.2.1"), 3);
  EXPECT_EQ(passing(5, "192.0.2.2"), 3);
  EXPECT_EQ(passing(5, "2001:db8::1"), 3);
  EXPECT_EQ(passing(5, "2001:db8::2"), 0) << "the same /64";
  EXPECT_EQ(passing(5, "2001:db8:0:1::1"), 3);
}

TEST_F(Rate, CountsNetworksAsOne) {
  load("limits: {a: {by: [address], requests: 3, ipv4_prefix: 24, ipv6_prefix: 128}}");
  EXPECT_EQ(passing(5, "192.0.2.1"), 3);
  EXPECT_EQ(passing(5, "192.0.2.200"), 0);
  EXPECT_EQ(passing(5, "192.0.3.1"), 3);
  EXPECT_EQ(passing(5, "2001:db8::1"), 3);
  EXPECT_EQ(passing(5, "2001:db8::2"), 3);
}

TEST_F(Rate, CountsByCertificateAndRoute) {
  load("limits: {a: {by: [certificate], requests: 1}, b: {by: [route], requests: 2}}", "a, b");
  policy::Route route;
  route.id = "accounts";
  const auto judge_with = [&](std::uint8_t print) {
    Call call;
    crypto::CertificateView view;
    view.spki_sha256[0] = print;
    call.certificate(view);
    call.exchange().route = &route;
    return judge(call);
  };
  EXPECT_THAT(judge_with(1), Allowed());
  EXPECT_THAT(judge_with(1), DeniedWith("rate.exceeded"));
  EXPECT_THAT(judge_with(2), Allowed());
  EXPECT_THAT(judge_with(3), DeniedWith("rate.exceeded"));
  route.id = "transactions";
  EXPECT_THAT(judge_with(3), Allowed());
}

TEST_F(Rate, CountsThoseWithoutAKeyAsOne) {
  load("limits: {a: {by: [certificate], requests: 2}}");
  EXPECT_EQ(passing(2, "192.0.2.1"), 2);
  EXPECT_EQ(passing(2, "192.0.2.2"), 0);
}

TEST_F(Rate, GivesAPartnerItsOwnRate) {
  load("limits: {a: {by: [identity], requests: 2, classes: {plaid: {requests: 300, burst: 600}}}}");
  EXPECT_EQ(passing(1000, "192.0.2.1", "plaid"), 600);
  EXPECT_EQ(passing(10, "192.0.2.1", "other"), 2);
  EXPECT_EQ(passing(10, "192.0.2.1"), 2);
  now_.us += kSecondUs + 1;  // the interval of a third of a hundredth is rounded up
  EXPECT_EQ(passing(1000, "192.0.2.1", "plaid"), 300);
}

TEST_F(Rate, AClassTakesOverWhatItLeavesOut) {
  load(
      "limits: {a: {by: [identity], requests: 2, per: 1m, burst: 4, classes: "
      "{more: {requests: 8}, fast: {per: 1s}}}}");
  EXPECT_EQ(passing(20, "192.0.2.1", "more"), 8);
  EXPECT_EQ(passing(20, "192.0.2.1", "fast"), 4);
  now_.us += kSecondUs;
  EXPECT_EQ(passing(20, "192.0.2.1", "fast"), 2);
  EXPECT_EQ(passing(20, "192.0.2.1", "more"), 0);
}

TEST_F(Rate, DemandsAllLimitsAndChargesNoneForARefusal) {
  load("limits: {a: {by: [address], requests: 5}, b: {by: [route], requests: 2, per: 1h}}", "a, b");
  EXPECT_EQ(passing(100), 2);
  EXPECT_EQ(metric("rate_allowed_total", "a"), 2);
  EXPECT_EQ(metric("rate_exceeded_total", "b"), 98);
  EXPECT_EQ(metric("rate_exceeded_total", "a"), 0) << "a refused request was charged";
}

TEST_F(Rate, SaysWhenToComeAgain) {
  load("limits: {a: {by: [address], requests: 1, per: 30s}}");
  EXPECT_EQ(passing(1), 1);
  Call call;
  call.from("192.0.2.1");
  now_.us += 500'000;
  const auto verdict = judge(call);
  EXPECT_THAT(verdict, DeniedWith("rate.exceeded"));
  const auto& hint = std::get<policy::Deny>(verdict).hint;
  EXPECT_EQ(std::get<policy::RetryAfter>(hint).delay, Seconds(30));
  EXPECT_THAT(evidence_of(verdict),
              HasSubstr("limit=a requests=1/30s burst=1 address=192.0.2.1 wait_ms=29500"));
}

TEST_F(Rate, TellsEveryAnswerWhatIsLeft) {
  load("limits: {a: {by: [address], requests: 10, per: 1m}, b: {by: [route], requests: 100}}",
       "a, b");
  const auto fields_of = [&] {
    Call call;
    call.from("192.0.2.1");
    [[maybe_unused]] const auto verdict = judge(call);
    http::ResponseHead head;
    head.fields.add("ratelimit-limit", "upstream's");
    harness_.respond(call, head);
    std::string text;
    for (const char* name : {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}) {
      EXPECT_EQ(head.fields.count(name), 1u) << name;
      text += std::string(head.fields.find(name)->value) + " ";
    }
    return text;
  };
  EXPECT_EQ(fields_of(), "10 9 6 ");
  EXPECT_EQ(fields_of(), "10 8 12 ");
  EXPECT_EQ(passing(8), 8);
  EXPECT_EQ(fields_of(), "10 0 60 ");
}

TEST_F(Rate, SaysNothingOfWhatItDidNotJudge) {
  load("limits: {a: {by: [address], requests: 10}}");
  Call call;
  http::ResponseHead head;
  harness_.respond(call, head);
  EXPECT_TRUE(head.fields.empty());
}

TEST_F(Rate, LimitsWhatIsUnderWay) {
  load("limits: {a: {by: [address], concurrent: 2}}");
  Call first;
  Call second;
  Call third;
  for (Call* call : {&first, &second, &third}) call->from("192.0.2.1");
  EXPECT_THAT(judge(first), Allowed());
  EXPECT_THAT(judge(second), Allowed());
  const auto verdict = judge(third);
  EXPECT_THAT(verdict, DeniedWith("rate.concurrent"));
  EXPECT_EQ(std::get<policy::RetryAfter>(std::get<policy::Deny>(verdict).hint).delay, Seconds(1));
  harness_.policy().on_done(third.exchange());  // holds nothing
  Call fourth;
  fourth.from("192.0.2.1");
  EXPECT_THAT(judge(fourth), DeniedWith("rate.concurrent"));
  harness_.policy().on_done(first.exchange());
  Call fifth;
  fifth.from("192.0.2.1");
  EXPECT_THAT(judge(fifth), Allowed());
  EXPECT_EQ(metric("rate_keys"), 1);
  harness_.policy().on_done(second.exchange());
  harness_.policy().on_done(fifth.exchange());
  EXPECT_EQ(metric("rate_keys"), 0);
  EXPECT_EQ(metric("rate_concurrent_total", "a"), 2);
}

TEST_F(Rate, LeavesNoCountBehindWhenALaterLimitRefuses) {
  load("limits: {a: {by: [address], concurrent: 1}, b: {by: [route], requests: 1, per: 1h}}",
       "a, b");
  EXPECT_EQ(passing(1), 1);
  Call refused;
  EXPECT_THAT(judge(refused), DeniedWith("rate.exceeded"));
  // Not done yet, and holds nothing all the same.
  EXPECT_EQ(metric("rate_keys"), 1) << "the bucket of b alone";
}

TEST_F(Rate, RefusesNewKeysWhenTheTableIsFullButNoPartner) {
  load(
      "keys: 1024\nlimits: {a: {by: [address, identity], requests: 1, per: 1h, classes: "
      "{plaid: {requests: 300}}}}");
  EXPECT_EQ(passing(1, "192.0.2.1", "other"), 1);
  std::vector<std::string> passed;
  int full = 0;
  for (int i = 0; i < 4000; ++i) {
    Call call;
    const std::string address = "10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250);
    call.from(address);
    const auto verdict = judge(call);
    if (verdict.index() == 0) {
      passed.push_back(address);
    } else {
      EXPECT_THAT(verdict, DeniedWith("rate.table_full"));
      ++full;
    }
  }
  EXPECT_GT(full, 2000);
  EXPECT_EQ(metric("rate_table_full_total", "a"), full);
  for (const std::string& address : passed) EXPECT_EQ(passing(1, address), 0) << address;
  EXPECT_EQ(passing(1, "192.0.2.1", "other"), 0) << "the flood has reset a bucket";
  EXPECT_EQ(passing(400, "192.0.2.9", "plaid"), 300);
}

TEST_F(Rate, KeepsItsBucketsOverAReload) {
  load("limits: {a: {by: [address], requests: 5, per: 1h}, b: {by: [address], requests: 1}}");
  EXPECT_EQ(passing(5), 5);
  load("limits: {a: {by: [address], requests: 5, per: 1h}, b: {by: [address], requests: 9}}");
  EXPECT_EQ(passing(5), 0);
  EXPECT_EQ(metric("rate_allowed_total", "a"), 5);
  load("limits: {a: {by: [address], requests: 6, per: 1h}}");
  EXPECT_EQ(passing(9), 6) << "a changed limit begins anew";
}

TEST_F(Rate, RefusesLimitsThatMakeNoSense) {
  EXPECT_THAT(errors_of("limits: {a: {by: [address]}}"), HasSubstr("limits nothing"));
  EXPECT_THAT(errors_of("limits: {a: {by: [address], concurrent: 1, burst: 2}}"),
              HasSubstr("a `burst` of no `requests`"));
  EXPECT_THAT(errors_of("limits: {a: {by: [address, address], requests: 1}}"),
              HasSubstr("stands here twice"));
  EXPECT_THAT(errors_of("limits: {a: {by: [subject], requests: 1}}"), HasSubstr("`quota`"));
  EXPECT_THAT(errors_of("limits: {a: {by: [address], requests: 1, per: 24h, burst: 1000}}"),
              HasSubstr("more than 30 days"));
  EXPECT_THAT(errors_of("limits: {a: {by: [], requests: 1}}"), HasSubstr("is empty"));
  EXPECT_THAT(errors_of("limits: {a: {by: [adress], requests: 1}}"), HasSubstr("address"));
  EXPECT_THAT(errors_of("limits: {a: {by: [address], requests: 0}}"), HasSubstr("out of range"));
}

TEST_F(Rate, RefusesNamesOfNoLimit) {
  EXPECT_THAT(errors_of("limits: {a: {by: [address], requests: 1}}", "b"),
              HasSubstr("there is no limit \"b\""));
  PolicyHarness harness(module);
  EXPECT_FALSE(harness.load("limits: [a]"));
  EXPECT_THAT(harness.errors(), HasSubstr("modules.rate.limits"));
}

}  // namespace
}  // namespace sallyport::rate
