#include "gateway/http/h2_past_streams.h"

#include <gtest/gtest.h>

namespace sallyport::http {
namespace {

TEST(H2PastStreams, KnowsWhoEndedAStream) {
  H2PastStreams past;
  for (const int stream : {1, 3, 5}) {
    EXPECT_TRUE(past.is_new(stream));
    past.open(stream);
    EXPECT_FALSE(past.is_new(stream));
  }
  past.end_by_us(3);
  EXPECT_EQ(past.of(1), H2Past::ended_by_client);
  EXPECT_EQ(past.of(3), H2Past::ended_by_us);
  EXPECT_EQ(past.of(5), H2Past::ended_by_client);
}

TEST(H2PastStreams, KnowsWhatWasPassedOver) {
  H2PastStreams past;
  past.open(7);
  past.open(9);
  past.open(13);
  for (const int stream : {1, 3, 5, 11}) {
    EXPECT_FALSE(past.is_new(stream)) << stream;
    EXPECT_EQ(past.of(stream), H2Past::never_opened) << stream;
  }
  for (const int stream : {7, 9, 13}) EXPECT_EQ(past.of(stream), H2Past::ended_by_client) << stream;
}

// Whoever is reset a long time ago may not be told from a client that goes on in good faith.
TEST(H2PastStreams, IgnoresWhatItForgot) {
  H2PastStreams past;
  const int most = static_cast<int>(H2PastStreams::kMostEnded);
  for (int i = 0; i <= most; ++i) {
    past.open(2 * i + 1);
    past.end_by_us(2 * i + 1);
  }
  for (int i = 0; i <= most; ++i) EXPECT_EQ(past.of(2 * i + 1), H2Past::ended_by_us) << i;
  past.open(2 * most + 3);
  EXPECT_EQ(past.of(2 * most + 3), H2Past::ended_by_client);
}

TEST(H2PastStreams, RemembersTheLastGaps) {
  H2PastStreams past;
  const int most = static_cast<int>(H2PastStreams::kMostGaps);
  for (int i = 0; i <= most; ++i) past.open(4 * i + 3);
  EXPECT_EQ(past.of(1), H2Past::ended_by_client) << "forgotten: an error of the connection, too";
  for (int i = 1; i <= most; ++i) EXPECT_EQ(past.of(4 * i + 1), H2Past::never_opened) << i;
}

}  // namespace
}  // namespace sallyport::http
