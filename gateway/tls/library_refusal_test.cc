#include "gateway/tls/library_refusal.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tests/support/test_ca.h"

namespace sallyport::tls {
namespace {

using namespace std::string_literals;  // NOLINT: octets with NUL

TEST(LibraryRefusal, FindsTheLeafOfACertificateMessage) {
  const std::string list = "\0\0\x09\0\0\x02XY\0\0\x01Z"s;  // two certificates
  EXPECT_EQ(leaf_of("\x0B\0\0\x0C"s + list, TLS1_2_VERSION), "XY");
  // A context, and extensions behind each certificate (RFC 8446 section 4.4.2).
  EXPECT_EQ(leaf_of("\x0B\0\0\x0B\x01!\0\0\x07\0\0\x02XY\0\0"s, TLS1_3_VERSION), "XY");
  EXPECT_EQ(leaf_of("\x0B\0\0\x03\0\0\0"s, TLS1_2_VERSION), "");  // none was sent
  EXPECT_EQ(leaf_of("\x0B\0\0\x04\0\0\0\0"s, TLS1_3_VERSION), "");
  EXPECT_EQ(leaf_of("\x0C\0\0\x0C"s + list, TLS1_2_VERSION), "");  // another message
  const std::string whole = "\x0B\0\0\x0C"s + list;
  for (std::size_t size = 0; size + 4 < whole.size(); ++size) {
    EXPECT_EQ(leaf_of(whole.substr(0, size), TLS1_2_VERSION), "") << size;
  }
}

TEST(LibraryRefusal, NamesTheCertificateAndTheRule) {
  const test::TestCa ca("Client CA");
  const auto identity = ca.issue({.common_name = "odd"});
  const auto refusal_for = [&](int library, int reason) {
    ERR_clear_error();
    ERR_put_error(library, 0, reason, __FILE__, __LINE__);
    return library_refusal(identity.der);
  };
  const auto usage = refusal_for(ERR_LIB_SSL, SSL_R_KEY_USAGE_BIT_INCORRECT);
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->reason, RefusalReason::wrong_purpose);
  EXPECT_EQ(usage->subject, "CN=odd");
  EXPECT_EQ(usage->issuer, "CN=Client CA");
  EXPECT_FALSE(usage->serial.empty());
  EXPECT_EQ(refusal_for(ERR_LIB_SSL, SSL_R_CANNOT_PARSE_LEAF_CERT)->reason,
            RefusalReason::malformed);
  EXPECT_EQ(refusal_for(ERR_LIB_EVP, 100)->reason, RefusalReason::weak_key);
  EXPECT_EQ(refusal_for(ERR_LIB_SSL, SSL_R_WRONG_SIGNATURE_TYPE)->reason, RefusalReason::weak_key);
  EXPECT_EQ(refusal_for(ERR_LIB_SSL, SSL_R_BAD_SIGNATURE)->reason, RefusalReason::bad_signature);
  // What has nothing to do with it stays what it is.
  EXPECT_FALSE(refusal_for(ERR_LIB_SSL, SSL_R_DIGEST_CHECK_FAILED));
  EXPECT_FALSE(refusal_for(ERR_LIB_SSL, SSL_AD_REASON_OFFSET + SSL_AD_BAD_CERTIFICATE));
  ERR_put_error(ERR_LIB_SSL, 0, SSL_R_BAD_SIGNATURE, __FILE__, __LINE__);
  EXPECT_FALSE(library_refusal(""));  // the client showed none
  EXPECT_EQ(library_refusal("\x30\x03\x02\x01\x01")->reason, RefusalReason::malformed);
  EXPECT_EQ(ERR_peek_error(), 0U);
}

}  // namespace
}  // namespace sallyport::tls
