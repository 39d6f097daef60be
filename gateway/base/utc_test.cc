#include "gateway/base/utc.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

TEST(Utc, IsReadAsItIsWritten) {
  for (const std::int64_t moment :
       {std::int64_t{0}, std::int64_t{1'769'860'800}, std::int64_t{1'709'164'799}}) {
    EXPECT_EQ(parse_utc(utc_text(moment)), moment);
  }
  EXPECT_EQ(parse_utc("2026-01-31"), 1'769'817'600);
  EXPECT_EQ(parse_utc("2024-02-29T23:59:59Z"), 1'709'251'199);
}

TEST(Utc, RefusesWhatIsNoMoment) {
  for (const char* text :
       {"", "2026", "2026-1-31", "2026-02-30", "2026-01-31T12:00:00", "2026-01-31T24:00:00Z",
        "2026-01-31T12:00:00Zx", "2026-01-31T12:00:00+01:00", "2026-13-01", "-026-01-31",
        "2026-01-31 12:00:00Z", "2026-01-31T"}) {
    EXPECT_FALSE(parse_utc(text)) << text;
  }
}

}  // namespace
}  // namespace sallyport
