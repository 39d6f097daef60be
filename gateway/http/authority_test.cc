#include "gateway/http/authority.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace sallyport::http {
namespace {

Authority accepted(std::string_view raw, Arena& arena) {
  const auto parsed = parse_authority(raw, arena);
  EXPECT_TRUE(std::holds_alternative<Authority>(parsed)) << raw;
  const auto* authority = std::get_if<Authority>(&parsed);
  return authority == nullptr ? Authority{} : *authority;
}

TEST(Authority, SeparatesHostAndPort) {
  Arena arena;
  const Authority authority = accepted("api.example.com:8443", arena);
  EXPECT_EQ(authority.text, "api.example.com:8443");
  EXPECT_EQ(authority.host, "api.example.com");
  EXPECT_EQ(authority.port, 8443);
}

TEST(Authority, IsLowerCase) {
  Arena arena;
  const Authority authority = accepted("API.Example.COM:443", arena);
  EXPECT_EQ(authority.text, "api.example.com:443");
  EXPECT_EQ(authority.host, "api.example.com");
}

TEST(Authority, TakesAddresses) {
  Arena arena;
  EXPECT_EQ(accepted("192.0.2.1", arena).host, "192.0.2.1");
  EXPECT_EQ(accepted("[2001:DB8::1]", arena).host, "[2001:db8::1]");
  EXPECT_EQ(accepted("[::1]:80", arena).port, 80);
  EXPECT_EQ(accepted("[::ffff:192.0.2.1]", arena).host, "[::ffff:192.0.2.1]");
}

TEST(Authority, TakesNamesThatOnlyLookLikeNumbersAtFirst) {
  Arena arena;
  EXPECT_EQ(accepted("3com.example", arena).host, "3com.example");
  EXPECT_EQ(accepted("127.0.0.1.example", arena).host, "127.0.0.1.example");
  EXPECT_EQ(accepted("beef", arena).host, "beef");
  EXPECT_EQ(accepted("my_service", arena).host, "my_service");
}

struct Refused {
  const char* name;
  std::string raw;
  Violation why;
};
std::string named(const testing::TestParamInfo<Refused>& info) { return info.param.name; }
void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.raw; }

class AuthorityRefuses : public testing::TestWithParam<Refused> {};

TEST_P(AuthorityRefuses, WithTheRightReason) {
  Arena arena;
  const auto parsed = parse_authority(GetParam().raw, arena);
  ASSERT_TRUE(std::holds_alternative<Violation>(parsed));
  EXPECT_EQ(describe(std::get<Violation>(parsed)).id, describe(GetParam().why).id);
}

INSTANTIATE_TEST_SUITE_P(
    Case, AuthorityRefuses,
    testing::Values(Refused{"Nothing", "", Violation::bad_host},
                    Refused{"PortAlone", ":443", Violation::bad_host},
                    Refused{"UserPart", "user@host", Violation::authority_userinfo},
                    Refused{"UserPartBeforePort", "a:b@host:80", Violation::authority_userinfo},
                    Refused{"TrailingDot", "example.com.", Violation::host_trailing_dot},
                    Refused{"TrailingDotBeforePort", "example.com.:443",
                            Violation::host_trailing_dot},
                    Refused{"EmptyLabel", "a..b", Violation::bad_host},
                    Refused{"LeadingDot", ".example.com", Violation::bad_host},
                    Refused{"LeadingDash", "-a.example", Violation::bad_host},
                    Refused{"TrailingDash", "a-.example", Violation::bad_host},
                    Refused{"LongLabel", std::string(64, 'a') + ".example", Violation::bad_host},
                    Refused{"LongName",
                            std::string(63, 'a') + "." + std::string(63, 'a') + "." +
                                std::string(63, 'a') + "." + std::string(63, 'a'),
                            Violation::bad_host},
                    Refused{"Escape", "ex%61mple.com", Violation::bad_host},
                    Refused{"Space", "example.com evil", Violation::bad_host},
                    Refused{"Comma", "a.example,b.example", Violation::bad_host},
                    Refused{"Slash", "example.com/x", Violation::bad_host},
                    Refused{"NonAscii", "ex\xc3\xa4mple.com", Violation::bad_host},
                    Refused{"EmptyPort", "example.com:", Violation::bad_port},
                    Refused{"PortZero", "example.com:0", Violation::bad_port},
                    Refused{"PortWithLeadingZero", "example.com:0443", Violation::bad_port},
                    Refused{"PortTooLarge", "example.com:65536", Violation::bad_port},
                    Refused{"PortWithSign", "example.com:+80", Violation::bad_port},
                    Refused{"PortWithLetters", "example.com:80x", Violation::bad_port},
                    Refused{"TwoPorts", "example.com:80:90", Violation::bad_port},
                    Refused{"ShortIpv4", "127.1", Violation::bad_host},
                    Refused{"NumberAsIpv4", "2130706433", Violation::bad_host},
                    Refused{"HexadecimalIpv4", "0x7f.0x0.0x0.0x1", Violation::bad_host},
                    Refused{"OctalIpv4", "0177.0.0.1", Violation::bad_host},
                    Refused{"Ipv4Overflow", "256.0.0.1", Violation::bad_host},
                    Refused{"BareIpv6", "2001:db8::1", Violation::bad_host},
                    Refused{"OpenBracket", "[::1", Violation::bad_host},
                    Refused{"EmptyBrackets", "[]", Violation::bad_host},
                    Refused{"BadIpv6", "[::g]", Violation::bad_host},
                    Refused{"ZoneIndex", "[fe80::1%25eth0]", Violation::bad_host},
                    Refused{"FutureLiteral", "[v1.a]", Violation::bad_host},
                    Refused{"NameAfterBracket", "[::1]a", Violation::bad_host}),
    named);

}  // namespace
}  // namespace sallyport::http
