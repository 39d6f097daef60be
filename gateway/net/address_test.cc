#include "gateway/net/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/un.h>

#include <string>
#include <unordered_set>
#include <vector>

namespace sallyport::net {
namespace {

Address address(std::string_view text) {
  const auto parsed = Address::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(Address());
}

PrefixSet set_of(std::initializer_list<std::string_view> texts) {
  PrefixSet::Builder builder;
  for (std::string_view text : texts) EXPECT_TRUE(builder.add_text(text)) << text;
  return std::move(builder).build();
}

TEST(Address, ReadsBothFamilies) {
  EXPECT_EQ(address("192.0.2.1").family(), Family::v4);
  EXPECT_EQ(address("192.0.2.1").text(), "192.0.2.1");
  EXPECT_EQ(address("2001:DB8::1").family(), Family::v6);
  EXPECT_EQ(address("2001:DB8::1").text(), "2001:db8::1");
  EXPECT_EQ(address("::").text(), "::");
}

TEST(Address, RefusesWhatInetPtonRefuses) {
  for (std::string_view text :
       {"",           "1.2.3",    "1.2.3.4.5", "01.2.3.4",  "1.2.3.256",    "0x7f.0.0.1", "127.1",
        "2130706433", " 1.2.3.4", "1.2.3.4 ",  "1.2.3.4\n", "fe80::1%eth0", "[::1]",      "::1/128",
        "1::2::3",    ":::",      "12345::",   "::g",       "localhost",    "+1.2.3.4"}) {
    EXPECT_FALSE(Address::parse(text)) << text;
  }
}

TEST(Address, RefusesAnEmbeddedNul) {
  EXPECT_FALSE(Address::parse(std::string_view("1.2.3.4\0", 8)));
  EXPECT_FALSE(Address::parse(std::string_view("1.2.3.4\0.evil", 13)));
}

TEST(Address, RefusesEndlessText) {
  EXPECT_FALSE(Address::parse(std::string(100000, '1')));
  EXPECT_FALSE(Address::parse("1.2.3.4" + std::string(64, '0')));
}

TEST(Address, FoldsMappedAddressesInEverySpelling) {
  for (std::string_view text :
       {"::ffff:192.0.2.1", "::FFFF:c000:201", "0:0:0:0:0:ffff:192.0.2.1"}) {
    EXPECT_EQ(address(text), address("192.0.2.1")) << text;
  }
}

TEST(Address, DoesNotFoldOtherEmbeddings) {
  EXPECT_EQ(address("::192.0.2.1").family(), Family::v6);
  EXPECT_EQ(address("64:ff9b::192.0.2.1").family(), Family::v6);
  EXPECT_EQ(address("::ffff:0:192.0.2.1").family(), Family::v6);
}

TEST(Address, IsReadFromSockets) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(0xC0000201);
  EXPECT_EQ(Address::from_socket(reinterpret_cast<sockaddr*>(&v4)), address("192.0.2.1"));

  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  inet_pton(AF_INET6, "::ffff:192.0.2.1", &v6.sin6_addr);
  EXPECT_EQ(Address::from_socket(reinterpret_cast<sockaddr*>(&v6)), address("192.0.2.1"));
  inet_pton(AF_INET6, "2001:db8::7", &v6.sin6_addr);
  EXPECT_EQ(Address::from_socket(reinterpret_cast<sockaddr*>(&v6)), address("2001:db8::7"));

  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  EXPECT_EQ(Address::from_socket(reinterpret_cast<sockaddr*>(&local)).family(), Family::none);
}

TEST(Address, KnowsLoopback) {
  EXPECT_TRUE(address("127.0.0.1").is_loopback());
  EXPECT_TRUE(address("127.255.0.9").is_loopback());
  EXPECT_TRUE(address("::1").is_loopback());
  EXPECT_TRUE(address("::ffff:127.0.0.1").is_loopback());
  EXPECT_FALSE(address("128.0.0.1").is_loopback());
  EXPECT_FALSE(address("::2").is_loopback());
  EXPECT_FALSE(Address().is_loopback());
}

TEST(Prefix, KeepsFirstLastAndLength) {
  const auto prefix = Prefix::parse("10.1.16.0/20");
  ASSERT_TRUE(prefix);
  EXPECT_EQ(prefix->first(), address("10.1.16.0"));
  EXPECT_EQ(prefix->last(), address("10.1.31.255"));
  EXPECT_EQ(prefix->text(), "10.1.16.0/20");
  const auto v6 = Prefix::parse("2001:db8:8000::/33");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->last(), address("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"));
}

TEST(Prefix, OfABareAddressIsThatAddress) {
  const auto prefix = Prefix::parse("2001:db8::5");
  ASSERT_TRUE(prefix);
  EXPECT_EQ(prefix->length(), 128);
  EXPECT_TRUE(prefix->contains(address("2001:db8::5")));
  EXPECT_FALSE(prefix->contains(address("2001:db8::4")));
}

TEST(Prefix, RefusesHostBitsAndSaysWhatWasMeant) {
  const auto prefix = Prefix::parse("10.1.17.0/20");
  ASSERT_FALSE(prefix);
  EXPECT_NE(prefix.error().text.find("10.1.16.0/20"), std::string::npos) << prefix.error().text;
  EXPECT_FALSE(Prefix::parse("2001:db8::1/64"));
  EXPECT_FALSE(Prefix::parse("0.0.0.1/0"));
}

TEST(Prefix, RefusesOddLengths) {
  for (std::string_view text : {"10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8",
                                "10.0.0.0/08", "10.0.0.0/8 ", "10.0.0.0/8/8", "::/129", "/8", "",
                                "10.0.0.0/255.0.0.0", "10.0.0.0/99999999999", "10.0.0/8"}) {
    EXPECT_FALSE(Prefix::parse(text)) << text;
  }
  EXPECT_TRUE(Prefix::parse("0.0.0.0/0"));
  EXPECT_TRUE(Prefix::parse("::/0"));
}

TEST(Prefix, CountsTheBitsOfAMappedBlockAsIPv6) {
  const auto prefix = Prefix::parse("::ffff:10.0.0.0/104");
  ASSERT_TRUE(prefix);
  EXPECT_EQ(prefix->text(), "10.0.0.0/8");
  EXPECT_FALSE(Prefix::parse("::ffff:10.0.0.0/8"));
  EXPECT_FALSE(Prefix::parse("::ffff:0.0.0.0/95"));
}

TEST(Prefix, EndsBeforeTheMappedBlock) {
  const auto prefix = Prefix::parse("::/80");
  ASSERT_TRUE(prefix);
  EXPECT_EQ(prefix->last(), address("::fffe:ffff:ffff"));
  EXPECT_FALSE(set_of({"::/80"}).contains(address("1.2.3.4")));
}

TEST(Prefix, NeverContainsTheOtherFamily) {
  EXPECT_FALSE(Prefix::parse("::/0")->contains(address("1.2.3.4")));
  EXPECT_FALSE(Prefix::parse("0.0.0.0/0")->contains(address("::1")));
  EXPECT_FALSE(Prefix::parse("0.0.0.0/0")->contains(Address()));
}

TEST(Prefix, ContainsExactlyItsBlockAtEveryLength) {
  for (int length = 1; length <= 32; ++length) {
    const Prefix prefix = Prefix::of(address("170.85.170.85"), length);
    EXPECT_TRUE(prefix.contains(prefix.first())) << length;
    EXPECT_TRUE(prefix.contains(prefix.last())) << length;
    const PrefixSet set = set_of({prefix.text()});
    auto bytes = prefix.first().bytes();
    bytes[static_cast<std::size_t>((length - 1) / 8)] ^=
        static_cast<std::uint8_t>(0x80 >> ((length - 1) % 8));
    const Address sibling = Address::from_v4(static_cast<std::uint32_t>(bytes[0]) << 24 |
                                             static_cast<std::uint32_t>(bytes[1]) << 16 |
                                             static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3]);
    EXPECT_FALSE(prefix.contains(sibling)) << length;
    EXPECT_FALSE(set.contains(sibling)) << length;
  }
}

TEST(PrefixSet, OfNothingContainsNothing) {
  EXPECT_TRUE(PrefixSet().empty());
  EXPECT_FALSE(PrefixSet().contains(address("1.2.3.4")));
  EXPECT_FALSE(PrefixSet().contains(address("::1")));
  EXPECT_FALSE(set_of({"0.0.0.0/0", "::/0"}).contains(Address()));
}

TEST(PrefixSet, JoinsBlocksThatTouchOrOverlap) {
  const PrefixSet set = set_of({"10.0.1.0/24", "10.0.0.0/24", "10.0.0.128/25", "10.0.3.0/24"});
  EXPECT_EQ(set.size(), 2U);
  EXPECT_TRUE(set.contains(address("10.0.1.255")));
  EXPECT_FALSE(set.contains(address("10.0.2.0")));
  EXPECT_FALSE(set.contains(address("9.255.255.255")));
  EXPECT_TRUE(set.contains(address("10.0.3.255")));
  EXPECT_FALSE(set.contains(address("10.0.4.0")));
}

TEST(PrefixSet, HoldsABlockInsideALargerOne) {
  const PrefixSet set = set_of({"10.0.0.0/8", "10.1.0.0/16", "11.0.0.0/24"});
  EXPECT_EQ(set.size(), 1U);
  EXPECT_TRUE(set.contains(address("10.255.255.255")));
  EXPECT_TRUE(set.contains(address("11.0.0.255")));
  EXPECT_FALSE(set.contains(address("11.0.1.0")));
}

TEST(PrefixSet, ReachesBothEndsOfEachSpace) {
  const PrefixSet set = set_of({"255.255.255.255", "255.255.255.254", "0.0.0.0",
                                "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::"});
  EXPECT_EQ(set.size(), 4U);
  EXPECT_TRUE(set.contains(address("255.255.255.255")));
  EXPECT_FALSE(set.contains(address("255.255.255.253")));
  EXPECT_TRUE(set.contains(address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")));
  EXPECT_FALSE(set.contains(address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe")));
  EXPECT_TRUE(set.contains(address("::")));
  EXPECT_FALSE(set.contains(address("::1")));
}

TEST(PrefixSet, CarriesOverTheMiddleOfTheV6Space) {
  const PrefixSet set = set_of({"2001:db8::-2001:db8::ffff:ffff:ffff:ffff", "2001:db8:0:1::/64"});
  EXPECT_EQ(set.size(), 1U);
  EXPECT_TRUE(set.contains(address("2001:db8::1:0:0:0")));
  EXPECT_TRUE(set.contains(address("2001:db8:0:1:ffff:ffff:ffff:ffff")));
  EXPECT_FALSE(set.contains(address("2001:db8:0:2::")));
  EXPECT_FALSE(set.contains(address("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff")));
}

TEST(PrefixSet, TakesRangesOfAnyLength) {
  const PrefixSet set = set_of({"10.0.0.5-10.0.0.9", "192.0.2.7 - 192.0.2.7"});
  EXPECT_FALSE(set.contains(address("10.0.0.4")));
  EXPECT_TRUE(set.contains(address("10.0.0.5")));
  EXPECT_TRUE(set.contains(address("10.0.0.9")));
  EXPECT_FALSE(set.contains(address("10.0.0.10")));
  EXPECT_TRUE(set.contains(address("192.0.2.7")));
}

TEST(PrefixSet, RefusesOddRanges) {
  PrefixSet::Builder builder;
  for (std::string_view text : {"10.0.0.9-10.0.0.5", "10.0.0.1-::1", "-", "10.0.0.1-", "a-b",
                                "10.0.0.0/8-11.0.0.0/8", "1.1.1.1-2.2.2.2-3.3.3.3"}) {
    EXPECT_FALSE(builder.add_text(text)) << text;
  }
  EXPECT_TRUE(std::move(builder).build().empty());
}

TEST(PrefixSet, AgreesWithALinearSearchOverAHundredThousandPrefixes) {
  std::uint32_t state = 1;
  const auto random = [&state] { return state = state * 1664525 + 1013904223; };
  PrefixSet::Builder builder;
  std::unordered_set<std::uint32_t> blocks;  // of /24
  for (int i = 0; i < 100000; ++i) {
    const std::uint32_t block = random() >> 8;
    blocks.insert(block);
    builder.add(Prefix::of(Address::from_v4(block << 8), 24));
    std::array<std::uint8_t, 16> v6{0x20, 0x01};
    for (std::size_t k = 0; k < 3; ++k)
      v6[2 + k] = static_cast<std::uint8_t>(block >> (16 - 8 * k));
    builder.add(Prefix::of(Address::from_v6(v6), 40));
  }
  const PrefixSet set = std::move(builder).build();
  EXPECT_GT(set.size(), 150000U);
  for (int i = 0; i < 200000; ++i) {
    const std::uint32_t number = random();
    const bool expected = blocks.contains(number >> 8);
    ASSERT_EQ(set.contains(Address::from_v4(number)), expected) << number;
    std::array<std::uint8_t, 16> v6{0x20, 0x01};
    for (std::size_t k = 0; k < 4; ++k)
      v6[2 + k] = static_cast<std::uint8_t>(number >> (24 - 8 * k));
    ASSERT_EQ(set.contains(Address::from_v6(v6)), expected) << number;
  }
}

}  // namespace
}  // namespace sallyport::net
