#include "gateway/net/proxy_header.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/net/crc32c.h"

namespace sallyport::net {
namespace {

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
const std::string kV4Block("\xc0\x00\x02\x01\x0a\x00\x00\x01\xc3\x50\x01\xbb", 12);

std::string v2(char command, char family, const std::string& block) {
  std::string header = kSignature + command + family;
  header += static_cast<char>(block.size() >> 8);
  header += static_cast<char>(block.size() & 0xff);
  return header + block;
}

std::string tlv(char type, const std::string& value) {
  return std::string{type, static_cast<char>(value.size() >> 8),
                     static_cast<char>(value.size() & 0xff)} +
         value;
}

// with_checksum appends the checksum of the header, which makes it four bytes and three longer.
std::string with_checksum(std::string block, const std::string& after = "") {
  block += tlv(3, std::string(4, '\0'));
  const std::size_t at = 16 + block.size() - 4;
  std::string header = v2('\x21', '\x11', block + after);
  Crc32c crc;
  crc.add(header);
  for (std::size_t i = 0; i < 4; ++i) {
    header[at + i] = static_cast<char>(crc.value() >> (24 - 8 * i));
  }
  return header;
}

ProxyHeader header_of(const std::string& bytes) {
  const auto result = parse_proxy_header(bytes);
  const auto* header = std::get_if<ProxyHeader>(&result);
  if (header == nullptr) {
    const auto* violation = std::get_if<ProxyViolation>(&result);
    ADD_FAILURE() << (violation != nullptr ? to_string(*violation) : "needs more");
    return {};
  }
  return *header;
}

std::string verdict(std::string_view bytes) {
  const auto result = parse_proxy_header(bytes);
  if (std::holds_alternative<ProxyNeedsMore>(result)) return "needs more";
  if (std::holds_alternative<ProxyHeader>(result)) return "header";
  return std::string(to_string(std::get<ProxyViolation>(result)));
}

std::string text(const Endpoint& end) {
  return end.address.text() + " " + std::to_string(end.port);
}

TEST(ProxyLine, NamesBothEnds) {
  const auto header = header_of("PROXY TCP4 192.0.2.1 10.0.0.1 50000 443\r\n\x16\x03\x01");
  EXPECT_EQ(header.version, 1);
  EXPECT_EQ(header.length, 41U);
  EXPECT_FALSE(header.is_local);
  EXPECT_EQ(text(header.source), "192.0.2.1 50000");
  EXPECT_EQ(text(header.destination), "10.0.0.1 443");
}

TEST(ProxyLine, FoldsMappedAddresses) {
  const auto header = header_of("PROXY TCP6 ::ffff:192.0.2.1 2001:db8::1 1 65535\r\n");
  EXPECT_EQ(text(header.source), "192.0.2.1 1");
  EXPECT_EQ(text(header.destination), "2001:db8::1 65535");
}

TEST(ProxyLine, OfUnknownSaysNothing) {
  for (const char* line : {"PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n"}) {
    const auto header = header_of(line);
    EXPECT_EQ(header.source.address.family(), Family::none);
    EXPECT_EQ(header.length, std::string_view(line).size());
  }
}

TEST(ProxyLine, IsReadStrictly) {
  const std::pair<const char*, const char*> lines[] = {
      {"PROXY TCP4 192.0.2.1 10.0.0.1 050 443\r\n", "bad_port"},
      {"PROXY TCP4 192.0.2.1 10.0.0.1 50000 65536\r\n", "bad_port"},
      {"PROXY TCP4 192.0.2.1 10.0.0.1 -1 443\r\n", "bad_port"},
      {"PROXY TCP4 192.0.2.1 10.0.0.1 50000 443 \r\n", "bad_line"},
      {"PROXY TCP4 192.0.2.1  10.0.0.1 50000 443\r\n", "bad_line"},
      {"PROXY TCP4 192.0.2.1 10.0.0.1 50000\r\n", "bad_line"},
      {"PROXY TCP4 192.0.2.01 10.0.0.1 1 2\r\n", "bad_address"},
      {"PROXY TCP4 ::1 ::2 1 2\r\n", "bad_address"},
      {"PROXY TCP4 ::ffff:192.0.2.1 ::ffff:192.0.2.2 1 2\r\n", "bad_address"},
      {"PROXY TCP6 192.0.2.1 10.0.0.1 1 2\r\n", "bad_address"},
      {"PROXY TCP4 localhost 10.0.0.1 1 2\r\n", "bad_address"},
      {"PROXY UDP4 192.0.2.1 10.0.0.1 1 2\r\n", "bad_protocol"},
      {"PROXY tcp4 192.0.2.1 10.0.0.1 1 2\r\n", "bad_protocol"},
      {"PROXY \r\n", "bad_protocol"},
      {"PROXY TCP4 192.0.2.1 10.0.0.1 1 2\n", "bad_line"},
      {"PROXY \n", "bad_line"},
      {"proxy TCP4 192.0.2.1 10.0.0.1 1 2\r\n", "no_header"},
      {"\x16\x03\x01\x02\x00", "no_header"},
      {"GET / HTTP/1.1\r\n", "no_header"},
  };
  for (const auto& [line, expected] : lines) EXPECT_EQ(verdict(line), expected) << line;
}

TEST(ProxyLine, EndsWithinItsLength) {
  const std::string longest = "PROXY UNKNOWN " + std::string(kMaxProxyLine - 16, 'x') + "\r\n";
  ASSERT_EQ(longest.size(), kMaxProxyLine);
  EXPECT_EQ(header_of(longest).length, kMaxProxyLine);
  EXPECT_EQ(verdict("PROXY UNKNOWN " + std::string(kMaxProxyLine, 'x') + "\r\n"), "too_long");
  EXPECT_EQ(verdict("PROXY UNKNOWN " + std::string(kMaxProxyLine - 14, 'x')), "too_long");
  EXPECT_EQ(verdict("PROXY UNKNOWN " + std::string(kMaxProxyLine - 15, 'x')), "needs more");
}

TEST(ProxyHeader, NamesBothEnds) {
  const auto header = header_of(v2('\x21', '\x11', kV4Block) + "rest");
  EXPECT_EQ(header.version, 2);
  EXPECT_EQ(header.length, 28U);
  EXPECT_EQ(text(header.source), "192.0.2.1 50000");
  EXPECT_EQ(text(header.destination), "10.0.0.1 443");
  std::string block;
  for (char i = 0; i < 36; ++i) block += i;
  EXPECT_EQ(text(header_of(v2('\x21', '\x21', block)).source),
            "1:203:405:607:809:a0b:c0d:e0f 8225");
}

TEST(ProxyHeader, IsADecisionOnlyWhenWholeHoweverItIsSplit) {
  for (const std::string& header :
       {v2('\x21', '\x11', kV4Block + tlv(2, "api.example")), with_checksum(kV4Block),
        std::string("PROXY TCP4 192.0.2.1 10.0.0.1 50000 443\r\n"), v2('\x20', '\0', "")}) {
    for (std::size_t part = 0; part < header.size(); ++part) {
      EXPECT_EQ(verdict(std::string_view(header).substr(0, part)), "needs more") << part;
    }
    EXPECT_EQ(verdict(header), "header");
    // Twice is once: the second belongs to the client.
    EXPECT_EQ(header_of(header + header).length, header.size());
  }
}

TEST(ProxyHeader, OfTheBalancerItselfIsOnlyItsLength) {
  const auto header = header_of(v2('\x20', '\xff', "whatever is here"));
  EXPECT_TRUE(header.is_local);
  EXPECT_EQ(header.length, 32U);
  EXPECT_EQ(header.source.address.family(), Family::none);
}

TEST(ProxyHeader, OfUnixSocketsAndOfNobodyHasNoAddresses) {
  for (const auto& bytes : {v2('\x21', '\x31', std::string(216, 'u')), v2('\x21', '\0', "")}) {
    const auto header = header_of(bytes);
    EXPECT_FALSE(header.is_local);
    EXPECT_EQ(header.source.address.family(), Family::none);
  }
}

TEST(ProxyHeader, ReadsItsTlvs) {
  const std::string octets = v2('\x21', '\x11',
                                kV4Block + tlv(1, "h2") + tlv(2, "api.example") + tlv(5, "id") +
                                    tlv('\xe0', "x") + tlv('\xe0', "y") + tlv(4, ""));
  const auto header = header_of(octets);
  EXPECT_EQ(header.alpn, "h2");
  EXPECT_EQ(header.authority, "api.example");
  EXPECT_EQ(header.unique_id, "id");
  EXPECT_FALSE(header.has_checksum);
}

TEST(ProxyHeader, VerifiesItsChecksum) {
  EXPECT_TRUE(header_of(with_checksum(kV4Block)).has_checksum);
  EXPECT_TRUE(header_of(with_checksum(kV4Block + tlv(2, "a"), tlv(4, "pad"))).has_checksum);
  const std::string good = with_checksum(kV4Block);
  for (std::size_t i = 16; i < good.size(); ++i) {
    if (i >= 28 && i < 31) continue;  // the TLV's own type and length
    std::string bad = good;
    bad[i] ^= 1;
    EXPECT_EQ(verdict(bad), "bad_checksum") << i;
  }
}

TEST(ProxyHeader, IsReadStrictly) {
  const std::pair<std::string, const char*> headers[] = {
      {v2('\x11', '\x11', kV4Block), "bad_version"},
      {v2('\x22', '\x11', kV4Block), "bad_command"},
      {v2('\x21', '\x12', kV4Block), "bad_protocol"},
      {v2('\x21', '\x41', kV4Block), "bad_protocol"},
      {v2('\x21', '\x11', kV4Block.substr(1)), "bad_length"},
      {v2('\x21', '\x21', kV4Block), "bad_length"},
      {v2('\x21', '\x31', std::string(215, 'u')), "bad_length"},
      {v2('\x21', '\x11', kV4Block + "\x01"), "bad_tlv"},
      {v2('\x21', '\x11', kV4Block + tlv(1, "h2").substr(0, 4)), "bad_tlv"},
      {v2('\x21', '\x11', kV4Block + tlv(3, "abc")), "bad_tlv"},
      {v2('\x21', '\x11', kV4Block + tlv(5, std::string(129, 'i'))), "bad_tlv"},
      {with_checksum(kV4Block, tlv(3, "abcd")), "bad_tlv"},
      {kSignature.substr(0, 11) + "X", "no_header"},
  };
  for (const auto& [bytes, expected] : headers) EXPECT_EQ(verdict(bytes), expected);
}

TEST(ProxyHeader, IsRefusedForItsLengthBeforeItIsRead) {
  const std::string largest = v2('\x21', '\x11', kV4Block + tlv(4, std::string(4096 - 31, 'p')));
  EXPECT_EQ(largest.size(), kMaxProxyHeader);
  EXPECT_EQ(verdict(largest), "header");
  EXPECT_EQ(verdict(kSignature + "\x21\x11\x0f\xf1"), "too_long");
  EXPECT_EQ(verdict(kSignature + "\x21\x11\xff\xff"), "too_long");
}

// RFC 3720 appendix B.4 and the common check value.
TEST(Crc32c, HasTheKnownValues) {
  const auto crc = [](std::string_view bytes) {
    Crc32c sum;
    sum.add(bytes);
    return sum.value();
  };
  EXPECT_EQ(crc("123456789"), 0xe3069283U);
  EXPECT_EQ(crc(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(crc(std::string(32, '\xff')), 0x62a8ab43U);
}

}  // namespace
}  // namespace sallyport::net
