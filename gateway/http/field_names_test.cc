#include "gateway/http/field_names.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/base/text.h"
#include "gateway/http/control_fields.h"

namespace sallyport::http {
namespace {

using namespace std::string_view_literals;

TEST(FieldNames, TokensHaveNoSpaceColonOrControl) {
  EXPECT_TRUE(is_token("X-Fapi-Interaction-Id"));
  EXPECT_TRUE(is_token("!#$%&'*+-.^_`|~09azAZ"));
  for (const auto bad : {""sv, "a b"sv, "a:"sv, "a\0"sv, "a\r"sv, "a\x80"sv, "a\x7f"sv, "(a)"sv,
                         "a/b"sv, "a,b"sv, "\"a\""sv}) {
    EXPECT_FALSE(is_token(bad)) << bad;
  }
}

TEST(FieldNames, ValuesCannotEndTheirLine) {
  EXPECT_TRUE(is_field_value(""));
  EXPECT_TRUE(is_field_value("a b\tc \xff"));
  for (const auto bad :
       {"a\r\nb"sv, "a\n"sv, "a\rb"sv, "a\0"sv, "a\x01"sv, "a\x7f"sv, " a"sv, "a "sv, "\ta"sv}) {
    EXPECT_FALSE(is_field_value(bad)) << bad;
  }
}

// Long values are looked at in blocks: every octet at every place of one, and of what is left over.
TEST(FieldNames, ValuesAreJudgedAlikeAtEveryPlace) {
  for (int octet = 0; octet < 256; ++octet) {
    const bool is_good = octet == '\t' || (octet >= 0x20 && octet != 0x7f);
    for (std::size_t at = 1; at < 42; ++at) {
      std::string value(43, 'v');
      value[at] = static_cast<char>(octet);
      EXPECT_EQ(is_field_value(value), is_good) << octet << " at " << at;
    }
  }
}

TEST(FieldNames, CredentialsAreJudgedAlikeAtEveryPlace) {
  for (int octet = 0; octet < 256; ++octet) {
    const char c = static_cast<char>(octet);
    const bool is_good =
        is_alpha(c) || is_digit(c) || "-._~+/="sv.find(c) != std::string_view::npos;
    for (std::size_t at = 0; at < 43; ++at) {
      std::string text(43, 'v');
      text[at] = c;
      EXPECT_EQ(is_token68(text), is_good) << octet << " at " << at;
    }
  }
}

TEST(FieldNames, TrustIsFoundInEveryDisguise) {
  for (const auto name : {"X-Forwarded-For"sv,
                          "x_forwarded_for"sv,
                          "X-FORWARDED-PROTO"sv,
                          "X-Forwarded"sv,
                          "Forwarded"sv,
                          "X-Real-IP"sv,
                          "X_Real_IP"sv,
                          "Client-Cert"sv,
                          "CLIENT_CERT"sv,
                          "Client_Cert-Chain"sv,
                          "X-Client-Cert"sv,
                          "X-Client-Cert-Subject"sv,
                          "X-SSL-Client-Verify"sv,
                          "SSL-Client-S-DN"sv,
                          "ssl_client_verify"sv,
                          "X-Original-URL"sv,
                          "X_Original_Url"sv,
                          "X-Rewrite-URL"sv,
                          "X-Authenticated-User"sv,
                          "X-User-Id"sv,
                          "X-Userinfo"sv,
                          "X-Remote-User"sv,
                          "Remote-User"sv,
                          "REMOTE_USER"sv,
                          "True-Client-IP"sv,
                          "CF-Connecting-IP"sv,
                          "X-Cluster-Client-IP"sv,
                          "X-Envoy-Original-Path"sv,
                          "X-HTTP-Method-Override"sv,
                          "X-Method-Override"sv,
                          "X-Amzn-Mtls-Clientcert"sv,
                          "X-ARR-ClientCert"sv,
                          "X-Apigateway-Context"sv,
                          "Proxy"sv,
                          "X-Sallyport-Subject"sv}) {
    EXPECT_TRUE(is_trust(name)) << name;
    EXPECT_TRUE(is_unlistable(name)) << name;
    EXPECT_TRUE(is_forbidden_trailer(name)) << name;
  }
}

TEST(FieldNames, OrdinaryFieldsAreNotTrust) {
  for (const auto name :
       {"Accept"sv, "Authorization"sv, "X-Fapi-Interaction-Id"sv, "X-Fapi-Customer-Ip-Address"sv,
        "Proxy-Authorization"sv, "Via"sv, "X-Request-Id"sv, "Client"sv, "X-Forward"sv, ""sv,
        "User-Agent"sv, "Client-Certificate"sv}) {
    EXPECT_FALSE(is_trust(name)) << name;
  }
}

TEST(FieldNames, LongNamesAreNeverEqualToAnEntryAndStillHavePrefixes) {
  EXPECT_FALSE(is_trust("forwarded" + std::string(200, 'a')));
  EXPECT_TRUE(is_trust("x-forwarded-" + std::string(200, 'a')));
  EXPECT_FALSE(is_framing("host" + std::string(300, '-')));
}

TEST(FieldNames, FramingAndHopByHopFieldsAreKnown) {
  for (const auto name : {"Content-Length"sv, "content_length"sv, "Transfer-Encoding"sv, "HOST"sv,
                          "Trailer"sv, "TE"sv, "Connection"sv, "Upgrade"sv, "Keep-Alive"sv,
                          "Proxy_Connection"sv, "HTTP2-Settings"sv, "Expect"sv}) {
    EXPECT_TRUE(is_framing(name)) << name;
    EXPECT_TRUE(is_forbidden_trailer(name)) << name;
  }
  for (const auto name : {"Connection"sv, "Keep-Alive"sv, "Proxy-Connection"sv, "TE"sv, "Trailer"sv,
                          "Transfer-Encoding"sv, "Upgrade"sv, "Proxy-Authorization"sv,
                          "Proxy-Authenticate"sv, "Proxy-Authentication-Info"sv}) {
    EXPECT_TRUE(is_hop_by_hop(name)) << name;
  }
  for (const auto name : {"Content-Type"sv, "Accept"sv, "Hosts"sv, "T"sv}) {
    EXPECT_FALSE(is_framing(name)) << name;
    EXPECT_FALSE(is_hop_by_hop(name)) << name;
  }
}

TEST(FieldNames, ControlFieldsAreExactlyTheFramingAndHopByHopFields) {
  for (const auto name :
       {"connection"sv, "content-length"sv, "expect"sv, "host"sv, "http2-settings"sv,
        "keep-alive"sv, "proxy-authenticate"sv, "proxy-authentication-info"sv,
        "proxy-authorization"sv, "proxy-connection"sv, "te"sv, "trailer"sv, "transfer-encoding"sv,
        "upgrade"sv}) {
    ASSERT_TRUE(is_framing(name) || is_hop_by_hop(name)) << name;
    Fields fields;
    ControlFields control;
    fields.add(name, "x");
    EXPECT_EQ(take_control_fields(fields, control), std::nullopt) << name;
    EXPECT_TRUE(fields.empty()) << name;
  }
}

TEST(FieldNames, ConnectionMayNotNameWhatTheUpstreamDecidesBy) {
  for (const auto name :
       {"Authorization"sv, "Host"sv, "Content-Length"sv, "Content-Type"sv, "Cookie"sv,
        "Cache-Control"sv, "X-Fapi-Interaction-Id"sv, "DPoP"sv, "Transfer-Encoding"sv, "If-Match"sv,
        "X_Forwarded_For"sv, "SM_USER"sv, "$WSRA"sv, "X.Forwarded.Host"sv}) {
    EXPECT_TRUE(is_unlistable(name)) << name;
  }
  for (const auto name : {"TE"sv, "Keep-Alive"sv, "X-My-Hop"sv, "Proxy-Authorization"sv}) {
    EXPECT_FALSE(is_unlistable(name)) << name;
  }
}

TEST(FieldNames, LookAlikesAreToldFromPlainNames) {
  for (const auto name : {"Accept"sv, "x-fapi-auth-date"sv, "FdxVersion"sv, "HTTP2-Settings"sv}) {
    EXPECT_FALSE(is_lookalike(name)) << name;
  }
  for (const char c : "!#$%&'*+.^_`|~"sv) {
    for (std::size_t at = 0; at < 21; ++at) {
      std::string name = "x-fapi-interaction-id";
      name[at] = c;
      EXPECT_TRUE(is_lookalike(name)) << name;
    }
  }
}

// What decides has one spelling: with another, it is refused or not there.
TEST(FieldNames, LookAlikesOfFieldsThatDecideAreTakenAway) {
  for (const auto name :
       {"Content_Type"sv, "content.type"sv, "If_Match"sv, "X_Fapi_Interaction_Id"sv,
        "x-fapi_customer-ip-address"sv, "Idempotency_Key"sv, "X_Api_Key"sv}) {
    Fields fields;
    ControlFields control;
    fields.add(name, "x");
    fields.add("FDX_API_Actor_Type", "x");  // nobody here decides by this one
    EXPECT_EQ(take_control_fields(fields, control), std::nullopt) << name;
    EXPECT_EQ(fields.size(), 1u) << name;
  }
  for (const auto name : {"Content.Length"sv, "transfer~encoding"sv, "Keep$Alive"sv}) {
    Fields fields;
    ControlFields control;
    fields.add(name, "x");
    EXPECT_EQ(take_control_fields(fields, control), Violation::framing_lookalike) << name;
  }
}

TEST(FieldNames, DigestsMayBeTrailersAndCredentialsMayNot) {
  for (const auto name : {"Content-Digest"sv, "Repr-Digest"sv, "ETag"sv, "Server-Timing"sv}) {
    EXPECT_FALSE(is_forbidden_trailer(name)) << name;
  }
  for (const auto name : {"Authorization"sv, "Set-Cookie"sv, "Cookie"sv, "Content-Type"sv,
                          "Location"sv, "WWW-Authenticate"sv, "DPoP"sv, "X-Fapi-Auth-Date"sv,
                          "Proxy-Authorization"sv, "Content-Encoding"sv}) {
    EXPECT_TRUE(is_forbidden_trailer(name)) << name;
  }
}

}  // namespace
}  // namespace sallyport::http
