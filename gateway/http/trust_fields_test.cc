#include "gateway/http/trust_fields.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/base/text.h"
#include "gateway/http/field_names.h"
#include "gateway/http/folded_name.h"

namespace sallyport::http {
namespace {

using namespace std::string_view_literals;

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return text;
}

// respelt puts another octet for every dash.
std::string respelt(std::string_view name, char dash) {
  std::string text(name);
  for (char& c : text) c = c == '-' ? dash : c;
  return text;
}

TEST(TrustFields, EveryFamilyIsFoundInEverySpelling) {
  for (const TrustFamily& family : trust_families()) {
    for (const char dash : "-_.$!#%&'*+^`|~"sv) {
      const std::string name = respelt(family.name, dash);
      EXPECT_EQ(find_trust_family(name), &family) << name;
      EXPECT_EQ(find_trust_family(upper(name)), &family) << name;
      EXPECT_TRUE(is_unlistable(name)) << name;
      EXPECT_TRUE(is_forbidden_trailer(name)) << name;
    }
    EXPECT_EQ(find_trust_family(std::string(family.name) + "zz") != nullptr, family.is_prefix)
        << family.name;
    EXPECT_NE(find_trust_family(family.name.substr(0, family.name.size() - 1)), &family);
    EXPECT_FALSE(family.believer.empty()) << family.name;
  }
}

TEST(TrustFields, WhatBankServersBelieveIsThere) {
  for (const auto name : {"$WSRA"sv,
                          "$WSRH"sv,
                          "$WSSN"sv,
                          "$wsis"sv,
                          "_WS_HAPRT_WLMVERSION"sv,
                          "iv-user"sv,
                          "IV_USER"sv,
                          "iv-user-l"sv,
                          "iv-groups"sv,
                          "iv-creds"sv,
                          "iv_remote_address"sv,
                          "SM_USER"sv,
                          "sm-userdn"sv,
                          "SM_UNIVERSALID"sv,
                          "HTTP_SM_USER"sv,
                          "WL-Proxy-Client-IP"sv,
                          "WL-Proxy-Client-Cert"sv,
                          "WL-Proxy-SSL"sv,
                          "Proxy-Client-IP"sv,
                          "X-WebLogic-Force-JVMID"sv,
                          "OAM_REMOTE_USER"sv,
                          "OIDC_CLAIM_sub"sv,
                          "OIDC_access_token"sv,
                          "Cf-Access-Jwt-Assertion"sv,
                          "CF-Connecting-IP"sv,
                          "Cf-Access-Authenticated-User-Email"sv,
                          "X-Auth-User"sv,
                          "X-Auth-Request-Groups"sv,
                          "X-Client-DN"sv,
                          "X-Client-Verify"sv,
                          "X-MS-TOKEN-AAD-ID-TOKEN"sv,
                          "X-MS-CLIENT-PRINCIPAL"sv,
                          "X-MS-CLIENT-PRINCIPAL-ID"sv,
                          "X-authentik-username"sv,
                          "Tyk-User"sv,
                          "HTTP_X_FORWARDED_FOR"sv,
                          "Fly-Client-IP"sv,
                          "X-Forwarded-User"sv,
                          "X-Forwarded-Preferred-Username"sv,
                          "X-Forwarded-Client-Cert"sv,
                          "X-Forwarded-Tls-Client-Cert-Info"sv,
                          "x-envoy-original-path"sv,
                          "X-SSL-Client-CN"sv,
                          "SSL_CLIENT_CERT"sv,
                          "SSL_CIPHER_USEKEYSIZE"sv,
                          "REMOTE_USER"sv,
                          "Remote-Groups"sv,
                          "Shib-Session-ID"sv,
                          "eppn"sv,
                          "X-Consumer-Username"sv,
                          "X-Credential-Identifier"sv,
                          "x-amzn-oidc-data"sv,
                          "x-amzn-mtls-clientcert-leaf"sv,
                          "X-Goog-Authenticated-User-Email"sv,
                          "X-Goog-IAP-JWT-Assertion"sv,
                          "True-Client-IP"sv,
                          "X-Apigee-Proxy"sv,
                          "X-Citrix-Gateway"sv,
                          "Client-IP"sv,
                          "X-Original-URL"sv,
                          "X-Rewrite-URL"sv,
                          "X-HTTP-Method"sv,
                          "X-HTTP-Method-Override"sv,
                          "X-Method-Override"sv,
                          "X_Method_Override"sv,
                          "X-Accel-Mapping"sv,
                          "X-Sendfile-Type"sv,
                          "x-middleware-subrequest"sv,
                          "l5d-dst-override"sv,
                          "ClientProtocol"sv,
                          "DISGUISED-HOST"sv,
                          "x.forwarded.for"sv}) {
    EXPECT_TRUE(is_trust(name)) << name;
  }
}

TEST(TrustFields, WhatClientsOfAnApiSendIsNotThere) {
  for (const auto name : {"Accept"sv,
                          "Accept-Encoding"sv,
                          "Accept-Language"sv,
                          "Authorization"sv,
                          "Cache-Control"sv,
                          "Connection"sv,
                          "Content-Digest"sv,
                          "Content-Type"sv,
                          "Cookie"sv,
                          "Date"sv,
                          "DPoP"sv,
                          "FDX-API-Actor-Type"sv,
                          "FDX-API-Data-Recipient-Id"sv,
                          "FDX-CustomerIPAdress"sv,
                          "FdxVersion"sv,
                          "Host"sv,
                          "HTTP2-Settings"sv,
                          "Idempotency-Key"sv,
                          "If-None-Match"sv,
                          "Origin"sv,
                          "Prefer"sv,
                          "Priority"sv,
                          "Proxy-Authorization"sv,
                          "Range"sv,
                          "Referer"sv,
                          "Sec-Fetch-Mode"sv,
                          "Signature-Input"sv,
                          "TE"sv,
                          "traceparent"sv,
                          "tracestate"sv,
                          "User-Agent"sv,
                          "Via"sv,
                          "X"sv,
                          "X-"sv,
                          "X-Api-Key"sv,
                          "X-Correlation-Id"sv,
                          "x-fapi-auth-date"sv,
                          "x-fapi-customer-ip-address"sv,
                          "x-fapi-interaction-id"sv,
                          "x-idempotency-key"sv,
                          "x-jws-signature"sv,
                          "X-Request-Id"sv,
                          "X-Requested-With"sv,
                          "-"sv,
                          "--"sv,
                          "---"sv}) {
    EXPECT_EQ(find_trust_family(name), nullptr) << name;
  }
}

TEST(FoldedName, OnlyLettersAndDigitsAreThemselves) {
  for (int octet = 0; octet < 256; ++octet) {
    const char c = static_cast<char>(octet);
    if (!is_token({&c, 1})) continue;  // no name of a field has it
    EXPECT_EQ(fold(c), is_alpha(c) || is_digit(c) ? to_lower(c) : '-') << octet;
  }
}

}  // namespace
}  // namespace sallyport::http
