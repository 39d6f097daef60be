#include "modules/revocation/revocation_set.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::revocation {
namespace {

constexpr std::int64_t kNow = 1000;
constexpr Mark kFull{kAlways, kAlways};

TEST(RevocationSet, KeepsUnitsApart) {
  RevocationSet set;
  set.put(Unit::subject, "", "x", kFull);
  for (const Unit unit : kUnits) {
    EXPECT_EQ(set.find(unit, "issuer", "x", 1, kNow).has_value(), unit == Unit::subject);
    EXPECT_EQ(set.listed(unit), unit == Unit::subject ? 1u : 0u);
  }
}

TEST(RevocationSet, HoldsForOneIssuerOrForAny) {
  RevocationSet set;
  set.put(Unit::token, "https://a.example", "x", kFull);
  set.put(Unit::token, "", "y", kFull);
  EXPECT_TRUE(set.find(Unit::token, "https://a.example", "x", 1, kNow));
  EXPECT_FALSE(set.find(Unit::token, "https://b.example", "x", 1, kNow));
  EXPECT_FALSE(set.find(Unit::token, "", "x", 1, kNow));
  EXPECT_TRUE(set.find(Unit::token, "https://a.example", "y", 1, kNow));
  EXPECT_TRUE(set.find(Unit::token, "", "y", 1, kNow));
}

TEST(RevocationSet, DoesNotMistakeAPieceOfTheIssuerForTheValue) {
  RevocationSet set;
  set.put(Unit::token, "ab", "c", kFull);
  EXPECT_FALSE(set.find(Unit::token, "a", "bc", 1, kNow));
}

TEST(RevocationSet, RevokesWhatWasIssuedUpToTheCutoff) {
  RevocationSet set;
  set.put(Unit::subject, "", "x", {500, kAlways});
  EXPECT_TRUE(set.find(Unit::subject, "i", "x", 499, kNow));
  EXPECT_TRUE(set.find(Unit::subject, "i", "x", 500, kNow));
  EXPECT_FALSE(set.find(Unit::subject, "i", "x", 501, kNow));
}

TEST(RevocationSet, LooksFurtherWhenOneMarkDoesNotReach) {
  RevocationSet set;
  set.put(Unit::subject, "", "x", {500, kAlways});
  set.put(Unit::subject, "i", "x", {600, kAlways});
  EXPECT_TRUE(set.find(Unit::subject, "i", "x", 550, kNow));
  EXPECT_FALSE(set.find(Unit::subject, "other", "x", 550, kNow));
}

TEST(RevocationSet, FindsTheFirstOfManyNames) {
  RevocationSet set;
  const std::array<Name, 4> names{
      {{Unit::key, "k"}, {Unit::client, ""}, {Unit::subject, "s"}, {Unit::token, "t"}}};
  EXPECT_FALSE(set.find("i", names, 1, kNow));
  set.put(Unit::token, "", "t", kFull);
  ASSERT_TRUE(set.find("i", names, 1, kNow));
  EXPECT_EQ(set.find("i", names, 1, kNow)->index, 3u);
  set.put(Unit::subject, "i", "s", {500, kAlways});
  EXPECT_EQ(set.find("i", names, 1, kNow)->index, 2u);
  EXPECT_EQ(set.find("i", names, 501, kNow)->index, 3u);
  EXPECT_EQ(set.find("j", names, 1, kNow)->index, 3u);
}

TEST(RevocationSet, RevokesACertificateWhole) {
  RevocationSet set;
  set.put(Unit::certificate, "", "c", {500, kAlways});
  EXPECT_TRUE(set.find(Unit::certificate, "i", "c", 501, kNow));
}

TEST(RevocationSet, ForgetsAtTheEnd) {
  RevocationSet set;
  set.put(Unit::token, "", "x", {kAlways, kNow});
  EXPECT_TRUE(set.find(Unit::token, "", "x", 1, kNow)) << "nobody has vouched for the clock";
  set.forget_until(kNow);
  EXPECT_TRUE(set.find(Unit::token, "", "x", 1, kNow - 1));
  EXPECT_FALSE(set.find(Unit::token, "", "x", 1, kNow));
  set.forget_until(kNow - 1);
  EXPECT_TRUE(set.find(Unit::token, "", "x", 1, kNow + 86'400))
      << "a worker's clock alone ends nothing";
  set.forget_until(RevocationSet::kNothingEnds);
  EXPECT_TRUE(set.find(Unit::token, "", "x", 1, kNow));
}

TEST(RevocationSet, CanBeChangedBack) {
  RevocationSet set;
  set.put(Unit::token, "i", "x", kFull);
  set.put(Unit::token, "i", "x", kFull);
  set.erase(Unit::token, "", "x");
  EXPECT_TRUE(set.find(Unit::token, "i", "x", 1, kNow));
  set.erase(Unit::token, "i", "x");
  EXPECT_FALSE(set.find(Unit::token, "i", "x", 1, kNow));
  EXPECT_EQ(set.listed(Unit::token), 0u);
}

TEST(RevocationSet, TakesTheLongestNamesAndNoLonger) {
  RevocationSet set;
  const std::string longest(kMaxName, 'n');
  set.put(Unit::token, longest, longest, kFull);
  EXPECT_TRUE(set.find(Unit::token, longest, longest, 1, kNow));
  EXPECT_FALSE(set.find(Unit::token, longest, longest + "n", 1, kNow));
  EXPECT_FALSE(set.find(Unit::token, longest + "n", longest, 1, kNow));
  EXPECT_FALSE(set.find(Unit::token, longest, "", 1, kNow));
}

TEST(RevocationSet, IsNotReadyByItself) {
  RevocationSet set;
  EXPECT_FALSE(set.is_ready());
  set.set_ready();
  EXPECT_TRUE(set.is_ready());
}

}  // namespace
}  // namespace sallyport::revocation
