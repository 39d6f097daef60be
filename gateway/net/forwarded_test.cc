#include "gateway/net/forwarded.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace sallyport::net {
namespace {

const Endpoint kPeer{*Address::parse("10.0.0.1"), 4000};

PrefixSet trusted() {
  PrefixSet::Builder builder;
  EXPECT_TRUE(builder.add_text("10.0.0.0/8"));
  EXPECT_TRUE(builder.add_text("fd00::/8"));
  return std::move(builder).build();
}

std::string text(const std::variant<Endpoint, ForwardedViolation>& outcome) {
  if (const auto* violation = std::get_if<ForwardedViolation>(&outcome)) {
    return std::string(to_string(*violation));
  }
  const auto& client = std::get<Endpoint>(outcome);
  return client.address.text() + (client.port != 0 ? " " + std::to_string(client.port) : "");
}

std::string forwarded(std::initializer_list<std::string_view> lines) {
  ForwardedList list;
  for (const auto line : lines) list.add_forwarded(line);
  return text(list.client(kPeer, trusted()));
}

std::string x_forwarded(std::initializer_list<std::string_view> lines) {
  ForwardedList list;
  for (const auto line : lines) list.add_x_forwarded_for(line);
  return text(list.client(kPeer, trusted()));
}

TEST(ForwardedList, WithoutAnEntryMeansTheProxyItself) {
  EXPECT_EQ(forwarded({}), "10.0.0.1 4000");
}

TEST(ForwardedList, StopsAtTheFirstWhoIsNotTrusted) {
  EXPECT_EQ(x_forwarded({"192.0.2.1"}), "192.0.2.1");
  EXPECT_EQ(x_forwarded({"198.51.100.7, 192.0.2.1"}), "192.0.2.1");
  EXPECT_EQ(x_forwarded({"198.51.100.7, 192.0.2.1, 10.0.0.9, 10.0.0.8"}), "192.0.2.1");
  EXPECT_EQ(x_forwarded({"198.51.100.7", "192.0.2.1,10.0.0.9"}), "192.0.2.1");
  EXPECT_EQ(forwarded({"for=198.51.100.7, for=192.0.2.1;proto=https, for=10.0.0.9"}), "192.0.2.1");
  EXPECT_EQ(forwarded({"for=198.51.100.7", "for=192.0.2.1", "for=\"[fd00::1]:80\""}), "192.0.2.1");
}

TEST(ForwardedList, OfTrustedOnesOnlyEndsAtItsBeginning) {
  EXPECT_EQ(x_forwarded({"10.0.0.7, 10.0.0.8"}), "10.0.0.7");
}

TEST(ForwardedList, DoesNotLookAtWhatAClientPutsBeforeItsOwnAddress) {
  EXPECT_EQ(x_forwarded({"unknown, garbage here, 192.0.2.1"}), "192.0.2.1");
  EXPECT_EQ(forwarded({"for=_secret, for=192.0.2.1"}), "192.0.2.1");
}

TEST(ForwardedList, RefusesWhoeverIsNotNamed) {
  EXPECT_EQ(x_forwarded({"192.0.2.1, unknown"}), "hidden");
  EXPECT_EQ(x_forwarded({"192.0.2.1, unknown, 10.0.0.9"}), "hidden");
  EXPECT_EQ(forwarded({"for=192.0.2.1, for=unknown"}), "hidden");
  EXPECT_EQ(forwarded({"for=192.0.2.1, for=_hidden"}), "hidden");
  EXPECT_EQ(forwarded({"for=192.0.2.1, proto=https"}), "hidden");
}

TEST(ForwardedList, RefusesWhatIsNoAddress) {
  for (const char* line :
       {"", "192.0.2.1,", "192.0.2.1, ,", "192.0.2", "192.0.2.1/32", "192.0.2.01",
        "192.0.2.1:99999", "192.0.2.1:", "192.0.2.1:x", "[2001:db8::1", "2001:db8::1%eth0",
        "[192.0.2.1]", "host.example", "192.0.2.1 10.0.0.1", "\"192.0.2.1\"", "[2001:db8::1]x"}) {
    EXPECT_EQ(x_forwarded({line}), "malformed") << line;
  }
}

TEST(ForwardedList, ReadsPortsAndBothKindsOfAddress) {
  EXPECT_EQ(x_forwarded({"192.0.2.1:50000"}), "192.0.2.1 50000");
  EXPECT_EQ(x_forwarded({"2001:db8::1"}), "2001:db8::1");
  EXPECT_EQ(x_forwarded({"[2001:db8::1]:50000"}), "2001:db8::1 50000");
  EXPECT_EQ(x_forwarded({"::ffff:192.0.2.1"}), "192.0.2.1");
  EXPECT_EQ(forwarded({"for=\"192.0.2.1:50000\""}), "192.0.2.1 50000");
  EXPECT_EQ(forwarded({"for=\"[2001:db8::1]\""}), "2001:db8::1");
  EXPECT_EQ(forwarded({"for=\"[2001:db8::1]:_port\""}), "2001:db8::1");
  EXPECT_EQ(forwarded({"For=\"192.0.\\2.1\";By=10.0.0.3;HOST=x;proto=https;ext=\"a,b;c\""}),
            "192.0.2.1");
}

TEST(ForwardedList, FollowsTheGrammarToTheLetter) {
  EXPECT_EQ(forwarded({";for=192.0.2.1;;proto=http;"}), "192.0.2.1");
  for (const char* line : {"",
                           ";",
                           "for",
                           "for=",
                           "for =192.0.2.1",
                           "for= 192.0.2.1",
                           "for=192.0.2.1; proto=http",
                           "for=192.0.2.1,",
                           ",for=192.0.2.1",
                           "for=192.0.2.1,,for=10.0.0.1",
                           "for=[2001:db8::1]",
                           "for=2001:db8::1",
                           "for=\"2001:db8::1\"",
                           "for=192.0.2.1:80",
                           "for=\"192.0.2.1",
                           "for=192.0.2.1;for=192.0.2.2",
                           "for=192.0.2.1;proto=a;PROTO=b",
                           "for=192.0.2.1 x",
                           "192.0.2.1",
                           "for=\"\"",
                           "for=host.example"}) {
    EXPECT_EQ(forwarded({line}), "malformed") << line;
  }
}

TEST(ForwardedList, DoesNotLetAnOpenQuoteHideWhatAProxyAdds) {
  EXPECT_EQ(forwarded({"for=198.51.100.7;x=\", for=192.0.2.1"}), "malformed");
  EXPECT_EQ(forwarded({"for=198.51.100.7;x=\"", "for=192.0.2.1"}), "malformed");
  EXPECT_EQ(forwarded({"for=198.51.100.7;x=\", for=\"[2001:db8::1]\""}), "malformed");
}

TEST(ForwardedList, HasALimit) {
  std::string line = "192.0.2.1";
  for (std::size_t i = 1; i < ForwardedList::kMaxHops; ++i) line += ", 10.0.0.1";
  EXPECT_EQ(x_forwarded({line}), "192.0.2.1");
  EXPECT_EQ(x_forwarded({line + ", 10.0.0.1"}), "too_many_hops");
}

}  // namespace
}  // namespace sallyport::net
