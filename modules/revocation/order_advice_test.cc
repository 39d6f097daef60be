#include "modules/revocation/order_advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modules/revocation/issuer.h"

namespace sallyport::revocation {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t kNow = 1'800'000'000;

const OrderAdvice& advice() {
  static const OrderAdvice advice({
      {.name = "bank", .issuer = "https://a.example", .leeway = Seconds(10), .has_opaque = true},
      {.name = "old", .issuer = "https://b.example", .leeway = Seconds(45), .has_consents = false},
  });
  return advice;
}

Order order(Unit unit, std::string value, std::string issuer = {}) {
  Order order;
  order.unit = unit;
  order.value = std::move(value);
  order.issuer = std::move(issuer);
  return order;
}

std::vector<std::string> notes(const Order& given, std::int64_t cutoff = kAlways) {
  Record record;
  record.cutoff = cutoff;
  return advice().notes(given, record, kNow, Seconds(86'400));
}

TEST(OrderAdvice, KnowsHowFarAheadTheIssuersConcernedMayBe) {
  EXPECT_EQ(advice().leeway(order(Unit::subject, "u", "https://a.example")), Seconds(10));
  EXPECT_EQ(advice().leeway(order(Unit::subject, "u", issuer_id("https://a.example"))),
            Seconds(10));
  EXPECT_EQ(advice().leeway(order(Unit::subject, "u")), Seconds(45)) << "of all the widest";
  EXPECT_EQ(advice().leeway(order(Unit::subject, "u", "https://c.example")), Seconds(45))
      << "another gateway may know it";
  EXPECT_EQ(OrderAdvice({}).leeway(order(Unit::subject, "u")), Seconds(0));
}

TEST(OrderAdvice, RefusesWhatCannotBeMeant) {
  EXPECT_THAT(advice().mistake(order(Unit::subject, "u", "bank")), HasSubstr("https://a.example"));
  EXPECT_EQ(advice().mistake(order(Unit::subject, "u", "https://a.example")), "");
  EXPECT_EQ(advice().mistake(order(Unit::subject, "u", "https://c.example")), "");
  EXPECT_THAT(advice().mistake(order(Unit::token, "eyJhbGciOiJFUzI1NiJ9.e30.c2ln")),
              HasSubstr("revoke token"));
  EXPECT_EQ(advice().mistake(order(Unit::subject, "eyJhbGciOiJFUzI1NiJ9.e30.c2ln")), "");
}

TEST(OrderAdvice, SaysWhyAnOrderRefusesNothing) {
  EXPECT_THAT(notes(order(Unit::subject, "u", "https://a.example")), IsEmpty());
  EXPECT_THAT(notes(order(Unit::subject, "u", "https://a.example/")),
              ElementsAre(HasSubstr("https://a.example, https://b.example")));
  EXPECT_THAT(notes(order(Unit::consent, "c")), IsEmpty());
  EXPECT_THAT(notes(order(Unit::consent, "c", "https://b.example")),
              ElementsAre(HasSubstr("consent_id_claim")));
  EXPECT_THAT(notes(order(Unit::token, "sha256:00", "https://b.example")),
              ElementsAre(HasSubstr("introspection")));
  EXPECT_THAT(notes(order(Unit::token, "sha256:00")), IsEmpty());
  EXPECT_THAT(notes(order(Unit::subject, " u")), ElementsAre(HasSubstr("white space")));
  EXPECT_THAT(notes(order(Unit::subject, "u"), kNow - 86'401),
              ElementsAre(HasSubstr("longer ago")));
  EXPECT_THAT(notes(order(Unit::subject, "u"), kNow), IsEmpty());
  Record record;
  EXPECT_THAT(OrderAdvice({}).notes(order(Unit::subject, "u"), record, kNow, Seconds(1)),
              ElementsAre(HasSubstr("verifies no tokens")));
  EXPECT_THAT(OrderAdvice({}).notes(order(Unit::certificate, "ab"), record, kNow, Seconds(1)),
              IsEmpty());
}

}  // namespace
}  // namespace sallyport::revocation
