#include "modules/headers/headers.h"

#include "modules/headers/request_fields.h"
#include "tests/support/policy_harness.h"

namespace sallyport::headers {
namespace {

using test::Allowed;
using test::Call;
using test::kNow;
using test::PolicyHarness;
using testing::HasSubstr;

const bool kCovered = test::require_every_reason(module);

class Headers : public testing::Test {
 protected:
  void load(std::string_view yaml) { ASSERT_TRUE(harness.load(yaml)) << harness.errors(); }
  void forward() { EXPECT_THAT(harness.judge(call), Allowed()); }
  std::string answered(std::string_view name) {
    if (head.fields.count(name) > 1) return "(several)";
    const http::Field* field = head.fields.find(name);
    return field ? std::string(field->value) : "(absent)";
  }
  PolicyHarness harness{module};
  Call call;
  http::ResponseHead head;
};

TEST_F(Headers, SaysWhoCalledAndHow) {
  load("");
  call.from("198.51.100.4").authority("api.bank.example");
  forward();
  EXPECT_EQ(call.field("X-Forwarded-For"), "198.51.100.4");
  EXPECT_EQ(call.field("X-Forwarded-Proto"), "https");
  EXPECT_EQ(call.field("X-Forwarded-Host"), "api.bank.example");
  EXPECT_EQ(call.field("X-Forwarded-Port"), "443");
  EXPECT_EQ(call.field("Forwarded"), "for=198.51.100.4;host=api.bank.example;proto=https");
  EXPECT_EQ(call.field("Via"), "1.1 sallyport");
}

TEST_F(Headers, QuotesWhatForwardedCannotSayPlainly) {
  load("");
  call.from("2001:db8::1").authority("api.bank.example:8443");
  forward();
  EXPECT_EQ(call.field("X-Forwarded-For"), "2001:db8::1");
  EXPECT_EQ(call.field("Forwarded"),
            "for=\"[2001:db8::1]\";host=\"api.bank.example:8443\";proto=https");
}

TEST_F(Headers, SaysUnknownOfAClientWithoutAnAddress) {
  EXPECT_EQ(forwarded_node(net::Family::none, "none"), "unknown");
  load("");
  call.exchange().facts.client_address = net::Address();
  forward();
  EXPECT_EQ(call.field("X-Forwarded-For"), "(absent)");
}

TEST_F(Headers, DoesNotClaimTlsWithoutTls) {
  load("");
  call.connection().tls_version = {};
  forward();
  EXPECT_EQ(call.field("X-Forwarded-Proto"), "http");
  harness.respond(call, head);
  EXPECT_EQ(answered("Strict-Transport-Security"), "(absent)");
}

TEST_F(Headers, RemovesAnInteractionIdOfTheClientInEverySpelling) {
  load("");
  for (const char* name :
       {"X-Fapi-Interaction-Id", "X_Fapi_Interaction_Id", "x.fapi.interaction.id"}) {
    call.header(name, "pretended");
  }
  call.header("Accept", "application/json");
  forward();
  for (const http::Field& field : call.request().fields) {
    EXPECT_NE(field.value, "pretended") << field.name;
  }
  EXPECT_EQ(call.field("Accept"), "application/json");
}

TEST_F(Headers, RemovesWhatTheOperatorLists) {
  load("strip: [X-Internal-Token, X_Tenant, X.Branch]");
  call.header("x_internal_token", "1").header("x-tenant", "2").header("X-Tenants", "3");
  call.header("x-branch", "4").header("X.Branch", "5");
  forward();
  EXPECT_EQ(call.field("x_internal_token"), "(absent)");
  EXPECT_EQ(call.field("x-tenant"), "(absent)");
  EXPECT_EQ(call.field("x-tenants"), "3");
  EXPECT_EQ(call.field("x-branch"), "(absent)");
  EXPECT_EQ(call.field("X.Branch"), "(absent)");
}

TEST_F(Headers, AppendsToViaAndKeepsWhatIsThere) {
  load("");
  call.header("Via", "1.1 edge").request().version_minor = 0;
  forward();
  std::vector<std::string> via;
  for (const http::Field& field : call.request().fields) {
    if (field.name == "Via") via.emplace_back(field.value);
  }
  EXPECT_EQ(via, (std::vector<std::string>{"1.1 edge", "1.0 sallyport"}));
}

TEST_F(Headers, ForwardsTheTokenUnlessToldNotTo) {
  load("");
  call.header("Authorization", "Bearer abc");
  forward();
  EXPECT_EQ(call.field("Authorization"), "Bearer abc");
  load("authorization: remove");
  forward();
  EXPECT_EQ(call.field("Authorization"), "(absent)");
}

TEST_F(Headers, HandsOnTheClientCertificateWhenAsked) {
  crypto::CertificateView view;
  view.der = std::string("\x30\x03\x02\x01\xff", 5);
  load("client_cert: true");
  forward();
  EXPECT_EQ(call.field("Client-Cert"), "(absent)");
  call.certificate(view);
  forward();
  EXPECT_EQ(call.field("Client-Cert"), ":MAMCAf8=:");
  load("");
  Call other;
  other.certificate(view);
  EXPECT_THAT(harness.judge(other), Allowed());
  EXPECT_EQ(other.field("Client-Cert"), "(absent)");
}

TEST_F(Headers, CarriesTheInteractionIdBothWays) {
  load("");
  call.header("x-fapi-interaction-id", "of the client").interaction_id("c770aef3-6784");
  forward();
  EXPECT_EQ(call.field("x-fapi-interaction-id"), "c770aef3-6784");
  head.fields.add("X-Fapi-Interaction-Id", "of the upstream");
  harness.respond(call, head);
  EXPECT_EQ(answered("x-fapi-interaction-id"), "c770aef3-6784");
}

TEST_F(Headers, ForbidsStoringOfData) {
  load("");
  head.fields.add("Cache-Control", "public, max-age=3600");
  harness.respond(call, head);
  EXPECT_EQ(answered("Cache-Control"), "no-store");
  EXPECT_EQ(answered("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(answered("Strict-Transport-Security"), "max-age=31536000");
  EXPECT_EQ(answered("Referrer-Policy"), "no-referrer");
}

TEST_F(Headers, LetsPagesBeStoredAndNotFramed) {
  load("security: browser");
  head.fields.add("Cache-Control", "max-age=60");
  harness.respond(call, head);
  EXPECT_EQ(answered("Cache-Control"), "max-age=60");
  EXPECT_EQ(answered("X-Frame-Options"), "DENY");
  EXPECT_EQ(answered("Strict-Transport-Security"), "max-age=31536000");
}

TEST_F(Headers, AddsNothingWhenToldSo) {
  load("security: none");
  head.fields.add("Cache-Control", "max-age=86400");
  harness.respond(call, head);
  EXPECT_EQ(head.fields.size(), 1u);
}

TEST_F(Headers, HidesTheUpstreamAndNeverSendsACertificateBack) {
  load("security: none");
  for (const char* name : {"Server", "x-powered-by", "X-AspNet-Version", "Client-Cert",
                           "Client_Cert_Chain", "Content-Type"}) {
    head.fields.add(name, "x");
  }
  harness.respond(call, head);
  EXPECT_EQ(head.fields.size(), 1u);
  EXPECT_EQ(answered("Content-Type"), "x");
}

TEST_F(Headers, HidesWhatTheOperatorListsInstead) {
  load("security: none\nresponse_strip: [X_Node]");
  head.fields.add("x-node", "7");
  head.fields.add("Server", "legacy");
  harness.respond(call, head);
  EXPECT_EQ(answered("x-node"), "(absent)");
  EXPECT_EQ(answered("Server"), "legacy");
}

TEST_F(Headers, RefusesNamesThatAreNone) {
  EXPECT_FALSE(harness.load("strip: [\"X Bad\"]"));
  EXPECT_THAT(harness.errors(), HasSubstr("strip[0]"));
  EXPECT_FALSE(harness.load("response_strip: [\"\"]"));
  EXPECT_THAT(harness.errors(), HasSubstr("is no field name"));
}

}  // namespace
}  // namespace sallyport::headers
