#include "gateway/crypto/name_pattern.h"

#include <gtest/gtest.h>

namespace sallyport::crypto {
namespace {

NamePattern pattern(std::string_view text) {
  auto parsed = NamePattern::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : NamePattern();
}

TEST(NamePattern, MatchesOneWordInItsLabel) {
  const NamePattern plaid = pattern("plaid-mtls-<shortname>.plaid.com");
  EXPECT_TRUE(plaid.matches("plaid-mtls-firstbank.plaid.com"));
  EXPECT_TRUE(plaid.matches("plaid-mtls-first-bank-2.plaid.com"));
  EXPECT_TRUE(plaid.matches("PLAID-mtls-FirstBank.Plaid.COM"));
}

TEST(NamePattern, NeverMatchesALongerOrShorterName) {
  const NamePattern plaid = pattern("plaid-mtls-<shortname>.plaid.com");
  for (const char* name :
       {"plaid-mtls-x.plaid.com.evil.example", "plaid-mtls-x.evil.plaid.com",
        "a.plaid-mtls-x.plaid.com", "plaid-mtls-a.b.plaid.com", "plaid-mtls-x.plaid",
        "plaid-mtls-x.plaid.com.", "", ".", "plaid-mtls-x..plaid.com", "evilplaid-mtls-x.plaid.com",
        "plaid-mtls-x.plaid.community"}) {
    EXPECT_FALSE(plaid.matches(name)) << name;
  }
}

TEST(NamePattern, NeedsSomethingForTheWord) {
  EXPECT_FALSE(pattern("plaid-mtls-<shortname>.plaid.com").matches("plaid-mtls-.plaid.com"));
  EXPECT_FALSE(pattern("a<x>a.example").matches("aa.example"));
  EXPECT_FALSE(pattern("a<x>a.example").matches("a.example"));
  EXPECT_TRUE(pattern("a<x>a.example").matches("aba.example"));
}

TEST(NamePattern, LetsTheWordHaveLettersDigitsAndHyphensOnly) {
  const NamePattern plaid = pattern("plaid-mtls-<shortname>.plaid.com");
  EXPECT_FALSE(plaid.matches("plaid-mtls-a_b.plaid.com"));
  EXPECT_FALSE(plaid.matches("plaid-mtls-a b.plaid.com"));
  EXPECT_FALSE(plaid.matches(std::string_view("plaid-mtls-a\0b.plaid.com", 24)));
  EXPECT_FALSE(plaid.matches("plaid-mtls-\xc3\xa4.plaid.com"));
}

TEST(NamePattern, MatchesNoNameThatIsTooLongForOne) {
  const NamePattern any = pattern("<x>.example");
  EXPECT_TRUE(any.matches(std::string(245, 'a') + ".example"));
  EXPECT_FALSE(any.matches(std::string(246, 'a') + ".example"));
}

TEST(NamePattern, MatchesALiteralExactly) {
  const NamePattern literal = pattern("Client.Bank.example");
  EXPECT_TRUE(literal.matches("client.bank.example"));
  EXPECT_FALSE(literal.matches("clients.bank.example"));
  EXPECT_FALSE(literal.matches("client.bank"));
}

TEST(NamePattern, RefusesWhatIsNoPattern) {
  for (const char* text : {"", "*.plaid.com", "a..b", ".a", "a.", "<>.plaid.com", "<a.b>.com",
                           "<a.com", "a>.com", "<a><b>.com", ">a<.com", "a b.com", "<A_B>.com"}) {
    EXPECT_FALSE(NamePattern::parse(text)) << text;
  }
  EXPECT_FALSE(NamePattern::parse(std::string(254, 'a')));
}

}  // namespace
}  // namespace sallyport::crypto
