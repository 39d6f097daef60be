#include "modules/bearer/token_cache.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace sallyport::bearer {
namespace {

constexpr std::size_t kMuch = 1 << 30;

KnownToken known(std::string subject) {
  policy::TokenClaims claims;
  claims.subject = std::move(subject);
  return {std::make_shared<const policy::TokenClaims>(std::move(claims)), nullptr, 1};
}

std::string token(int number) { return "token-" + std::to_string(number); }

TEST(TokenCache, FindsExactlyTheSameBytes) {
  TokenCache cache(64, kMuch);
  cache.insert("header.payload.signature", known("u1"));
  const KnownToken* found = cache.find("header.payload.signature");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->claims->subject, "u1");
  EXPECT_EQ(cache.find("header.payload.signaturf"), nullptr);
  EXPECT_EQ(cache.find("header.payload.signature "), nullptr);
  EXPECT_EQ(cache.find(""), nullptr);
}

TEST(TokenCache, TellsTokensOfOneBucketApart) {
  TokenCache cache(8, kMuch);  // one bucket
  cache.insert("a", known("u1"));
  cache.insert("b", known("u2"));
  EXPECT_EQ(cache.find("a")->claims->subject, "u1");
  EXPECT_EQ(cache.find("b")->claims->subject, "u2");
  EXPECT_EQ(cache.find("c"), nullptr);
}

TEST(TokenCache, ReplacesWhatItKnewOfAToken) {
  TokenCache cache(64, kMuch);
  cache.insert("t", known("old"));
  cache.insert("t", known("new"));
  EXPECT_EQ(cache.find("t")->claims->subject, "new");
  EXPECT_EQ(cache.size(), 1U);
}

TEST(TokenCache, NeverHoldsMoreThanItsEntries) {
  TokenCache cache(64, kMuch);
  for (int i = 0; i < 1000; ++i) {
    cache.insert(token(i), known("u"));
    ASSERT_LE(cache.size(), 64U);
    ASSERT_NE(cache.find(token(i)), nullptr) << "the newest has its place";
  }
}

TEST(TokenCache, NeverHoldsMoreThanItsBytes) {
  constexpr std::size_t kLimit = 32 * 1024;
  TokenCache cache(4096, kLimit);
  for (int i = 0; i < 1000; ++i) {
    cache.insert(token(i), known(std::string(1000, 's')));
    ASSERT_LE(cache.bytes(), kLimit);
  }
  EXPECT_GT(cache.size(), 0U);
  EXPECT_LT(cache.size(), 32U);
}

TEST(TokenCache, DoesNotRememberWhatIsLargerThanAllOfIt) {
  TokenCache cache(64, 1024);
  cache.insert("t", known(std::string(2000, 's')));
  EXPECT_EQ(cache.find("t"), nullptr);
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(TokenCache, KeepsWhatIsAskedForWhenItMakesRoom) {
  TokenCache cache(8, kMuch);  // one bucket
  for (int i = 0; i < 8; ++i) cache.insert(token(i), known("u"));
  ASSERT_NE(cache.find(token(3)), nullptr);
  for (int i = 8; i < 15; ++i) {
    cache.insert(token(i), known("u"));
    ASSERT_NE(cache.find(token(3)), nullptr) << "asked for after every insert";
  }
}

TEST(TokenCache, MakesRoomEvenWhenAllAreAskedFor) {
  TokenCache cache(8, kMuch);
  for (int i = 0; i < 8; ++i) cache.insert(token(i), known("u"));
  for (int i = 0; i < 8; ++i) ASSERT_NE(cache.find(token(i)), nullptr);
  cache.insert(token(8), known("u"));
  EXPECT_NE(cache.find(token(8)), nullptr);
  EXPECT_EQ(cache.size(), 8U);
}

TEST(TokenCache, RemembersNothingWhenTurnedOff) {
  TokenCache cache(0, kMuch);
  cache.insert("t", known("u"));
  EXPECT_EQ(cache.find("t"), nullptr);
}

TEST(TokenCache, CountsBytesDownWhenItForgets) {
  TokenCache cache(8, kMuch);
  cache.insert("t", known("u"));
  const std::size_t one = cache.bytes();
  EXPECT_GT(one, sizeof(policy::TokenClaims));
  for (int i = 0; i < 100; ++i) cache.insert(token(i), known("u"));
  EXPECT_EQ(cache.bytes(), 8 * one);
}

}  // namespace
}  // namespace sallyport::bearer
