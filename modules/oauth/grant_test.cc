#include "modules/oauth/grant.h"

#include <gtest/gtest.h>

#include "gateway/base/text.h"

namespace sallyport::oauth {
namespace {

TEST(GrantRecord, ComesBackAsItWas) {
  const Grant grant{"sub", "client", "consent", "jti", 1, 2, 3};
  const std::string bytes = encode_grant(grant);
  EXPECT_EQ(decode_grant(bytes), grant);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_grant(bytes.substr(0, size))) << size;
  }
  EXPECT_FALSE(decode_grant(bytes + "x"));
}

// A store that was written before the module existed is opened unchanged: this is such a record,
// and the key under which it lies.
TEST(GrantRecord, IsReadAsItWasWrittenByOlderPrograms) {
  const std::string_view hex =
      "0100d2496b0000000084d5496b00000000002a596d000000000600757365722d310500706c616964"
      "0900636f6e73656e742d3105006a74692d31";
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes += static_cast<char>(hex_value(hex[i]) * 16 + hex_value(hex[i + 1]));
  }
  const Grant grant{"user-1", "plaid", "consent-1", "jti-1", 1800000000, 1800000900, 1834560000};
  EXPECT_EQ(decode_grant(bytes), grant);
  EXPECT_EQ(encode_grant(grant), bytes);
  EXPECT_EQ(to_hex(grant_key("refresh-1")),
            "bd473e5dcdce2510c2df4f0c5a54a605fa3647fe74afae20a8cdb8b91b1a1f63");
}

}  // namespace
}  // namespace sallyport::oauth
