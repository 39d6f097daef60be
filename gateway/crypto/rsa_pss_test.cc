#include "gateway/crypto/rsa_pss.h"

#include <gtest/gtest.h>
#include <openssl/digest.h>

#include <string>

namespace sallyport::crypto {
namespace {

std::string tlv(char tag, const std::string& content) {
  return std::string{tag, static_cast<char>(content.size())} + content;
}

const std::string kNull("\x05\x00", 2);
const std::string kSha256 = tlv(6, "\x60\x86\x48\x01\x65\x03\x04\x02\x01");
const std::string kSha384 = tlv(6, "\x60\x86\x48\x01\x65\x03\x04\x02\x02");
const std::string kSha1 = tlv(6, "\x2b\x0e\x03\x02\x1a");
const std::string kMgf1 = tlv(6, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08");

std::string digest(const std::string& oid) { return tlv(0x30, oid + kNull); }

std::string parameters(const std::string& hash, const std::string& mask, const std::string& salt,
                       const std::string& rest = "") {
  return tlv(0x30, tlv('\xa0', hash) + tlv('\xa1', tlv(0x30, kMgf1 + mask)) +
                       tlv('\xa2', tlv(2, salt)) + rest);
}

TEST(PssParameters, AreReadWithAnySalt) {
  const auto usual = read_pss_parameters(parameters(digest(kSha256), digest(kSha256), "\x20"));
  ASSERT_TRUE(usual);
  EXPECT_EQ(usual->digest, EVP_sha256());
  EXPECT_EQ(usual->salt_bytes, 32);
  const auto longest = parameters(digest(kSha384), digest(kSha384), std::string("\x00\xde", 2),
                                  tlv('\xa3', tlv(2, "\x01")));
  ASSERT_TRUE(read_pss_parameters(longest));
  EXPECT_EQ(read_pss_parameters(longest)->digest, EVP_sha384());
  EXPECT_EQ(read_pss_parameters(longest)->salt_bytes, 222);
  const std::string bare = tlv(0x30, kSha256);  // RFC 4055 section 2.1: without NULL, too
  EXPECT_TRUE(read_pss_parameters(parameters(bare, bare, "\x20")));
}

TEST(PssParameters, AreRefusedWhenWeakOrOdd) {
  const std::string good = parameters(digest(kSha256), digest(kSha256), "\x20");
  EXPECT_FALSE(read_pss_parameters(""));
  EXPECT_FALSE(read_pss_parameters(std::string("\x30\x00", 2))) << "the default is SHA-1";
  EXPECT_FALSE(read_pss_parameters(good + "x"));
  EXPECT_FALSE(read_pss_parameters(parameters(digest(kSha1), digest(kSha1), "\x14")));
  EXPECT_FALSE(read_pss_parameters(parameters(digest(kSha256), digest(kSha384), "\x20")));
  EXPECT_FALSE(read_pss_parameters(parameters(digest(kSha256), digest(kSha256), "\xff")));
  EXPECT_FALSE(read_pss_parameters(parameters(digest(kSha256), digest(kSha256), "\x7f\xff")));
  EXPECT_FALSE(read_pss_parameters(
      parameters(digest(kSha256), digest(kSha256), "\x20", tlv('\xa3', tlv(2, "\x02")))));
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    EXPECT_FALSE(read_pss_parameters(good.substr(0, cut))) << cut;
  }
}

}  // namespace
}  // namespace sallyport::crypto
