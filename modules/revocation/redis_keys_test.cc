#include "modules/revocation/redis_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "modules/revocation/issuer.h"

namespace sallyport::revocation {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = RedisKey::Kind;

constexpr const char* kIssuer = "https://login.bank.example";

RedisKeys::Foreign foreign(std::string_view pattern, bool has_cutoff = false) {
  return {*RedisPattern::parse(pattern), has_cutoff};
}

RedisKeys keys() {
  return RedisKeys("sallyport:revoked:", {foreign("denylist:jti:{jti}"),
                                          foreign("auth:{iss}:user:{subject}:after", true)});
}

// digits are what stands for the issuer in a key.
std::string digits() { return issuer_id(kIssuer).substr(7); }

TEST(IssuerId, IsTheBeginningOfTheHash) {
  // printf %s https://login.bank.example | sha256sum | cut -c1-16
  EXPECT_EQ(issuer_id(kIssuer), "sha256:fd6e176706159870");
  EXPECT_EQ(issuer_id(issuer_id(kIssuer)), issuer_id(kIssuer));
  EXPECT_EQ(issuer_id(""), "");
  EXPECT_FALSE(is_issuer_id("sha256:fd6e17670615987"));
  EXPECT_FALSE(is_issuer_id("sha256:FD6E176706159870"));
}

TEST(IssuerIds, ForgetsNothingThatItStillTells) {
  IssuerIds ids;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 20; ++i) {
      const std::string issuer = "https://issuer-" + std::to_string(i);
      EXPECT_EQ(ids.of(issuer), issuer_id(issuer));
      EXPECT_EQ(ids.of(issuer), issuer_id(issuer));
    }
  }
  EXPECT_EQ(ids.of(""), "");
}

TEST(RedisKeys, ReadsOurOwn) {
  const RedisKey key = keys().parse("sallyport:revoked:jti:" + digits() + ":a:b");
  EXPECT_EQ(key.kind, Kind::own);
  EXPECT_EQ(key.name.unit, Unit::token);
  EXPECT_EQ(key.name.issuer, issuer_id(kIssuer));
  EXPECT_EQ(key.name.value, "a:b");
  EXPECT_TRUE(key.has_cutoff);
}

TEST(RedisKeys, ReadsEveryIssuerAndDigitsInCapitals) {
  EXPECT_EQ(keys().parse("sallyport:revoked:kid:any:k").name.issuer, "");
  EXPECT_EQ(keys().parse("sallyport:revoked:kid:*:k").name.issuer, "");
  EXPECT_EQ(keys().parse("sallyport:revoked:kid:0123456789ABCDEF:k").name.issuer,
            "sha256:0123456789abcdef");
}

TEST(RedisKeys, ReadsFingerprintsAsPeopleWriteThem) {
  const std::string lower(64, 'a');
  std::string written = "AA";
  for (int i = 1; i < 32; ++i) written += ":AA";
  for (const std::string& text : {lower, std::string(64, 'A'), written}) {
    for (const std::string& issuer : {std::string("any"), digits()}) {
      const RedisKey key = keys().parse("sallyport:revoked:cert:" + issuer + ":" + text);
      EXPECT_EQ(key.kind, Kind::own) << text;
      EXPECT_EQ(key.name.value, lower);
      EXPECT_EQ(key.name.issuer, "");
    }
  }
  EXPECT_EQ(keys().parse("sallyport:revoked:cert:any:aabb").kind, Kind::unknown);
}

TEST(RedisKeys, ReadsADigestOfAnOpaqueTokenInCapitals) {
  EXPECT_EQ(keys().parse("sallyport:revoked:jti:any:sha256:" + std::string(64, 'B')).name.value,
            "sha256:" + std::string(64, 'b'));
}

TEST(RedisKeys, KnowsWhatIsNone) {
  for (const char* text :
       {"", "sallyport:revoked:", "sallyport:revoked:jti", "sallyport:revoked:jti:any",
        "sallyport:revoked:jti:any:", "sallyport:revoked:tokn:any:x",
        "sallyport:revoked:jti:0123456789abcde:x", "sallyport:revoked:jti:0123456789abcdeg:x",
        "sallyport:revoked:jti::x", "other:jti:any:x", "denylist:jti:", "auth:any:user::after",
        "auth:some:user:u:after", "auth:any:user:u:before"}) {
    EXPECT_EQ(keys().parse(text).kind, Kind::unknown) << text;
  }
  const std::string longest = "sallyport:revoked:jti:any:" + std::string(kMaxName, 'x');
  EXPECT_EQ(keys().parse(longest).kind, Kind::own);
  EXPECT_EQ(keys().parse(longest + "x").kind, Kind::unknown);
}

TEST(RedisKeys, WritesWhatItReads) {
  for (const std::string& issuer : {std::string(), std::string(kIssuer)}) {
    const RedisName name{Unit::client, issuer, "c:1"};
    const RedisKey key = keys().parse(keys().key(name));
    EXPECT_EQ(key.kind, Kind::own);
    EXPECT_EQ(key.name.issuer, issuer_id(issuer));
    EXPECT_EQ(key.name.value, "c:1");
    EXPECT_EQ(keys().parse(keys().reinstated_key(name)).kind, Kind::reinstated);
  }
}

TEST(RedisKeys, ReadsThoseOfOtherPrograms) {
  RedisKey key = keys().parse("denylist:jti:a:b");
  EXPECT_EQ(key.kind, Kind::foreign);
  EXPECT_EQ(key.name.value, "a:b");
  EXPECT_FALSE(key.has_cutoff);
  key = keys().parse("auth:" + digits() + ":user:u:1:after");
  EXPECT_EQ(key.kind, Kind::foreign);
  EXPECT_EQ(key.name.unit, Unit::subject);
  EXPECT_EQ(key.name.issuer, issuer_id(kIssuer));
  EXPECT_EQ(key.name.value, "u:1");
  EXPECT_TRUE(key.has_cutoff);
}

TEST(RedisKeys, NamesTheForeignKeysOfARevocation) {
  EXPECT_THAT(keys().foreign_keys({Unit::token, "", "x"}), ElementsAre("denylist:jti:x"));
  // That pattern cannot say an issuer, so such a key is of another revocation.
  EXPECT_THAT(keys().foreign_keys({Unit::token, kIssuer, "x"}), ElementsAre());
  EXPECT_THAT(keys().foreign_keys({Unit::subject, kIssuer, "u"}),
              ElementsAre("auth:" + digits() + ":user:u:after"));
}

// A Redis refuses to track prefixes of which one begins with another.
TEST(RedisKeys, TracksTheShortestPrefixesThatCoverAll) {
  const RedisKeys some("deny:own:",
                       {foreign("deny:{jti}"), foreign("deny:x:{jti}"), foreign("zzz:{kid}")});
  EXPECT_THAT(some.prefixes(), ElementsAre("deny:", "zzz:"));
  EXPECT_EQ(some.parse("deny:own:jti:any:x").kind, Kind::own);
}

// A key for a client was read as the jti "client:x" where the shorter pattern stood first.
TEST(RedisKeys, TakesTheMostSpecificPatternWhateverTheOrder) {
  std::vector<RedisKeys::Foreign> patterns{
      foreign("deny:{jti}"),           foreign("deny:client:{client}", true),
      foreign("deny:{iss}:{subject}"), foreign("deny:{iss}:kid:{kid}"),
      foreign("deny:cert:{cert}"),     foreign("deny:{consent}:end")};
  std::ranges::sort(patterns, {}, [](const auto& one) { return one.pattern.prefix(); });
  for (int order = 0; order < 6; ++order) {
    std::ranges::rotate(patterns, patterns.begin() + 1);
    const RedisKeys some("sallyport:", patterns);
    const auto read = [&](const std::string& key) {
      const RedisName name = some.parse(key).name;
      return std::string(unit_name(name.unit)) + " " + name.value;
    };
    EXPECT_EQ(read("deny:x"), "jti x");
    EXPECT_EQ(read("deny:client:x"), "client x");
    EXPECT_EQ(read("deny:any:x"), "subject x");
    EXPECT_EQ(read("deny:" + digits() + ":kid:k"), "kid k");
    EXPECT_EQ(read("deny:other:x"), "jti other:x");
    EXPECT_EQ(read("deny:x:end"), "consent x");
    EXPECT_EQ(some.parse("deny:client:").kind, Kind::unknown) << "and not the jti client:";
    EXPECT_EQ(some.parse("deny:cert:zz").kind, Kind::unknown);
  }
}

// Reinstating the jti "client:x" must not delete the revocation of the client x.
TEST(RedisKeys, NamesNoForeignKeyThatMeansSomethingElse) {
  const RedisKeys some("sallyport:", {foreign("deny:{jti}"), foreign("deny:client:{client}")});
  EXPECT_THAT(some.foreign_keys({Unit::token, "", "client:x"}), ElementsAre());
  EXPECT_THAT(some.foreign_keys({Unit::client, "", "x"}), ElementsAre("deny:client:x"));
}

// Who writes by hand does not write as we do, and a reinstatement must find that key.
TEST(RedisKeys, KnowsEveryUsualSpelling) {
  EXPECT_THAT(
      keys().all_keys({Unit::token, "", "x"}),
      ElementsAre("sallyport:revoked:jti:any:x", "denylist:jti:x", "sallyport:revoked:jti:*:x"));
  const auto has = [](const std::vector<std::string>& all, const std::string& key) {
    return std::ranges::find(all, key) != all.end();
  };
  const auto of_issuer = keys().all_keys({Unit::subject, issuer_id(kIssuer), "u"});
  EXPECT_TRUE(has(of_issuer, "sallyport:revoked:subject:FD6E176706159870:u"));
  EXPECT_TRUE(has(of_issuer, "auth:FD6E176706159870:user:u:after"));
  const auto digest = keys().all_keys({Unit::token, "", "sha256:" + std::string(64, 'b')});
  EXPECT_TRUE(has(digest, "sallyport:revoked:jti:*:sha256:" + std::string(64, 'B')));
  std::string colons = "AA";
  for (int i = 1; i < 32; ++i) colons += ":AA";
  const auto certificate = keys().all_keys({Unit::certificate, "", std::string(64, 'a')});
  EXPECT_TRUE(has(certificate, "sallyport:revoked:cert:any:" + colons));
  EXPECT_EQ(certificate.size(), 8u);
}

TEST(RedisKeys, HasNothingForeignUnderItsOwnPrefix) {
  const RedisKeys some("sallyport:revoked:", {foreign("sallyport:{jti}")});
  EXPECT_EQ(some.parse("sallyport:x").kind, Kind::foreign);
  EXPECT_EQ(some.parse("sallyport:revoked:jti:any:x").kind, Kind::own);
  EXPECT_EQ(some.parse("sallyport:revoked:tokn:any:x").kind, Kind::unknown);
}

TEST(RedisKeys, AreShownEscapedAndBounded) {
  EXPECT_EQ(shown("sallyport:revoked:tokn:any:x"), "\"sallyport:revoked:tokn:any:x\"");
  EXPECT_EQ(shown("a\"b\\\n\x1b[31m\xc2\x85"), R"("a\"b\\\x0a\x1b[31m\xc2\x85")");
  EXPECT_EQ(shown(std::string(129, 'k')), '"' + std::string(128, 'k') + "\" (cut; 129 bytes)");
}

TEST(RedisPattern, KnowsWithWhichItIsAmbiguous) {
  const auto ambiguous = [](std::string_view a, std::string_view b) {
    const auto one = *RedisPattern::parse(a);
    const auto two = *RedisPattern::parse(b);
    EXPECT_EQ(one.is_ambiguous_with(two), two.is_ambiguous_with(one)) << a << " " << b;
    return one.is_ambiguous_with(two);
  };
  for (const auto& [a, b] : std::initializer_list<std::pair<const char*, const char*>>{
           {"deny:{jti}", "deny:client:{client}"},
           {"deny:{jti}", "other:{client}"},
           {"deny:{jti}:a", "deny:{client}:b"},
           {"deny:{jti}", "deny:{client}:b"},
           {"deny:{jti}", "deny:{iss}:{client}"},
           {"deny:client:{client}", "deny:{iss}:{jti}"},
           {"deny:any:{client}", "deny:{iss}:{jti}"},
           {"deny:{iss}:client:{client}", "deny:{iss}:{jti}"},
           {"deny:{iss}:{jti}", "deny:{iss}-{client}"},
           {"deny:{iss}:{jti}", "deny:{client}"}}) {
    EXPECT_FALSE(ambiguous(a, b)) << a << " " << b;
  }
  for (const auto& [a, b] : std::initializer_list<std::pair<const char*, const char*>>{
           {"deny:{jti}", "deny:{subject}"},
           {"deny:{jti}", "deny:{jti}"},
           {"deny:client:{jti}", "deny:{client}:end"},
           {"deny:{iss}:{jti}", "deny:{iss}:{client}"},
           {"deny:a{client}", "deny:{iss}:{jti}"},
           {"deny:x:{client}", "deny:{jti}:{iss}"},
           {"deny:{iss}:{jti}", "deny:{subject}:end"}}) {
    EXPECT_TRUE(ambiguous(a, b)) << a << " " << b;
  }
}

TEST(RedisPattern, SaysWhatIsWrongWithIt) {
  const auto error = [](std::string_view text) {
    const auto pattern = RedisPattern::parse(text);
    return pattern ? std::string("good") : pattern.error().text;
  };
  EXPECT_EQ(error("denylist:jti:{jti}"), "good");
  EXPECT_THAT(error("denylist:{jti"), HasSubstr("{ without its }"));
  EXPECT_THAT(error("denylist:{token}"), HasSubstr("placeholder {token}"));
  EXPECT_THAT(error("denylist:"), HasSubstr("exactly one placeholder"));
  EXPECT_THAT(error("deny:{jti}:{kid}"), HasSubstr("exactly one placeholder"));
  EXPECT_THAT(error("deny:{iss}:{iss}:{kid}"), HasSubstr("at most one {iss}"));
  EXPECT_THAT(error("{jti}"), HasSubstr("must begin with a text"));
  EXPECT_THAT(error("deny:{iss}{jti}"), HasSubstr("nothing between"));
}

}  // namespace
}  // namespace sallyport::revocation
