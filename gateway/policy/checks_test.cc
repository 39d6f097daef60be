#include "gateway/policy/checks.h"

#include <gtest/gtest.h>

#include <array>

#include "gateway/policy/reasons.h"

namespace sallyport::policy {
namespace {

constexpr Reason kShared{"fake.shared", ErrorClass::forbidden, "Two checks fail with it."};
constexpr Reason kLast{"fake.last", ErrorClass::forbidden, "One does."};
constexpr Reason kForeign{"other.no", ErrorClass::forbidden, "None does."};

enum class Fake : std::uint8_t { one, two, three, four };
constexpr std::array kOfOne{&kShared};
constexpr std::array kOfThree{&kShared};
constexpr std::array kOfFour{&kLast};
constexpr std::array kChecks{
    check(Fake::one, "one", kOfOne), check(Fake::two, "two", {}, Needed::sometimes),
    check(Fake::three, "three", kOfThree, Needed::sometimes), check(Fake::four, "four", kOfFour)};

// results writes one letter for each check.
std::string results(CheckMarks marks, const Reason* reason) {
  std::string text;
  for (const CheckResult result : results_of(kChecks, marks, reason)) {
    text += result == CheckResult::passed        ? '+'
            : result == CheckResult::failed      ? '-'
            : result == CheckResult::not_reached ? '.'
                                                 : ' ';
  }
  return text;
}

TEST(Checks, AreToldByWhatWasPassedAndWhy) {
  EXPECT_EQ(results({0b1111, 0}, nullptr), "++++");
  EXPECT_EQ(results({0b1001, 0}, nullptr), "+  +") << "what was not needed is not told";
  EXPECT_EQ(results({}, nullptr), "    ");
  EXPECT_EQ(results({0b0111, 0}, &kLast), "+++-");
}

TEST(Checks, OfOneReasonAreToldApartByTheLastThatWasPassed) {
  EXPECT_EQ(results({}, &kShared), "-  .");
  EXPECT_EQ(results({0b0001, 0}, &kShared), "+ -.");
  EXPECT_EQ(results({0b0010, 0}, &kShared), " +-.") << "the first did not apply";
}

TEST(Checks, OfOneReasonAreToldApartByWhatIsNeeded) {
  constexpr std::array kRare{check(Fake::one, "one", kOfOne, Needed::sometimes),
                             check(Fake::two, "two", kOfThree, Needed::sometimes)};
  EXPECT_EQ(failed_check(kRare, {0, 0b10}, kShared), 1U);
  EXPECT_EQ(failed_check(kRare, {0, 0b11}, kShared), 0U);
  EXPECT_EQ(failed_check(kRare, {0, 0}, kShared), 0U) << "it failed, so it was made";
}

TEST(Checks, ThatWereNotReachedAreThoseThatAreNeeded) {
  EXPECT_EQ(results({0, 0b0100}, &kShared), "- ..");
  EXPECT_EQ(results({0b0001, 0b0010}, &kLast), "+  -") << "none before the one that failed";
}

TEST(Checks, OfAReasonOfTheGatewaysOwnAreNotReached) {
  EXPECT_EQ(results({}, &reasons::kFactMissing), ".  .");
  EXPECT_EQ(results({0b0001, 0b0010}, &kForeign), "+. .");
  EXPECT_FALSE(failed_check(kChecks, {0b0001, 0}, kForeign));
}

TEST(Checks, ThatTookTooLongHaveFailed) {
  EXPECT_EQ(results({0b0001, 0b0110}, &reasons::kPolicyTooSlow), "+-..");
  EXPECT_EQ(results({0b0011, 0b0110}, &reasons::kPolicyTooSlow), "++-.");
}

}  // namespace
}  // namespace sallyport::policy
