#include "gateway/base/shown_text.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

TEST(ShownText, LeavesWhatCanBeSeen) {
  EXPECT_EQ(shown_text(""), "");
  EXPECT_EQ(shown_text("plain \"text\" \\ é€😀"), "plain \"text\" \\ é€😀");
}

TEST(ShownText, NothingMovesTheCursorOrBeginsALine) {
  EXPECT_EQ(shown_text("\x1B]0;owned\x07\x1B[2J"), "\\u001b]0;owned\\u0007\\u001b[2J");
  EXPECT_EQ(shown_text("one\ntwo\r\tx\x7F"), "one\\u000atwo\\u000d\\u0009x\\u007f");
  EXPECT_EQ(shown_text("\xC2\x9B"
                       "2J"),
            "\\u009b2J");
  EXPECT_EQ(shown_text("\xE2\x80\xAE\xE2\x81\xA6\xD8\x9C\xE2\x80\xA8"),
            "\\u202e\\u2066\\u061c\\u2028");
}

TEST(ShownText, WhatIsNoUtf8IsReplaced) {
  EXPECT_EQ(shown_text("a\x9Bz"), "a\xEF\xBF\xBDz");  // C1 of Latin-1, which some terminals obey
  EXPECT_EQ(shown_text("\xE2\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(ShownText, MayKeepLines) {
  EXPECT_EQ(shown_text("{\n\x1B}\n", LineFeeds::kept), "{\n\\u001b}\n");
}

}  // namespace
}  // namespace sallyport
