#include "gateway/clients/url.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::clients {
namespace {

std::string error_of(std::string_view text) {
  const auto url = Url::parse(text);
  return url ? "accepted" : url.error().text;
}

TEST(Url, TakesItsPartsApart) {
  const auto url = Url::parse("https://AS.Example:8443/jwks?v=1");
  ASSERT_TRUE(url) << url.error().text;
  EXPECT_TRUE(url->is_secure);
  EXPECT_EQ(url->host, "as.example");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->target, "/jwks?v=1");
  EXPECT_EQ(url->authority(), "as.example:8443");
  EXPECT_EQ(url->text(), "https://as.example:8443/jwks?v=1");
}

TEST(Url, KnowsThePortOfItsScheme) {
  EXPECT_EQ(Url::parse("https://a")->port, 443);
  EXPECT_EQ(Url::parse("http://a")->port, 80);
  EXPECT_EQ(Url::parse("HTTPS://a:443")->authority(), "a");
  EXPECT_EQ(Url::parse("http://a:443")->authority(), "a:443");
}

TEST(Url, HasAtLeastTheRootForTarget) {
  EXPECT_EQ(Url::parse("https://a")->target, "/");
  EXPECT_EQ(Url::parse("https://a?q")->target, "/?q");
  EXPECT_EQ(Url::parse("https://a/")->target, "/");
}

TEST(Url, KeepsIpv6WithoutBracketsInside) {
  const auto url = Url::parse("http://[::1]:8080/x");
  ASSERT_TRUE(url) << url.error().text;
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->authority(), "[::1]:8080");
}

TEST(Url, RefusesOtherSchemes) {
  for (const std::string_view text : {"", "as.example", "//as.example", "ftp://a", "file:///etc",
                                      "https:/a", "https:a", " https://a"}) {
    EXPECT_EQ(error_of(text), "URL must begin with https:// or http://") << text;
  }
}

TEST(Url, RefusesUsersAndPasswords) {
  EXPECT_EQ(error_of("https://user:secret@a/"), "URL must have no user or password");
  EXPECT_EQ(error_of("https://a@b"), "URL must have no user or password");
}

TEST(Url, RefusesFragments) {
  EXPECT_EQ(error_of("https://a/#x"), "URL must have no fragment (#)");
  EXPECT_EQ(error_of("https://a#@b/"), "URL must have no fragment (#)");
}

TEST(Url, RefusesHostsAndPortsThatAreNone) {
  for (const std::string_view text :
       {"https://", "https:///x", "https://a:", "https://a:0", "https://a:65536", "https://a:8x",
        "https://a b/", "https://a\\b/", "https://[::1", "https://::1/", "https://%61/",
        "http://127.1/", "http://0x7f.0.0.1/", "http://2130706433/"}) {
    EXPECT_EQ(error_of(text), "URL has no valid host or port") << text;
  }
}

TEST(Url, RefusesTargetsThatCannotBeSentAsTheyAre) {
  for (const std::string_view text :
       {"https://a/b c", "https://a/\r\nX: y", "https://a/%", "https://a/%2", "https://a/%zz",
        "https://a/<", "https://a/\xc3\xa4"}) {
    EXPECT_EQ(error_of(text), "URL has a character in its path or query that must be escaped")
        << text;
  }
  EXPECT_EQ(error_of("https://a/%20?x=%3D"), "accepted");
}

TEST(Url, LimitsItsLength) {
  const std::string start = "https://a/";
  EXPECT_EQ(error_of(start + std::string(kMaxUrlBytes - start.size(), 'x')), "accepted");
  EXPECT_EQ(error_of(start + std::string(kMaxUrlBytes, 'x')), "URL is longer than 2048 bytes");
}

}  // namespace
}  // namespace sallyport::clients
