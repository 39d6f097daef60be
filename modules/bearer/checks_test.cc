// Which checks `sallyport why` tells of a request: those that it was judged by, and no others.

#include "modules/bearer/checks.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/bearer_fixture.h"

namespace sallyport::bearer {
namespace {

using test::checks_of;

class Checks : public Bearer {
 protected:
  std::string told(Call& call) {
    const auto verdict = harness_.finish(judge(call), call);
    return checks_of(module, call, verdict);
  }
  std::string told(std::string_view token, std::string_view scheme = "Bearer ") {
    Call call;
    call.header("Authorization", std::string(scheme).append(token));
    return told(call);
  }
};

constexpr std::string_view kRead = "credential+ form+ issuer+ signature+ claims+ ";
constexpr std::string_view kKnown = "credential+ remembered+ issuer+ ";

TEST_F(Checks, OfATokenThatIsSeenForTheFirstTimeAndAgain) {
  const std::string token = signed_with({});
  EXPECT_EQ(told(token), std::string(kRead) + "times+ age+ audience+ binding+");
  EXPECT_EQ(told(token), std::string(kKnown) + "times+ age+ audience+ binding+");
}

TEST_F(Checks, EndAtTheFirstThatFails) {
  EXPECT_EQ(told(signed_with({{"exp", seconds(-100)}})),
            std::string(kRead) + "times- age. audience. binding.");
  EXPECT_EQ(told(signed_with({{"iat", seconds(-1000)}})),
            std::string(kRead) + "times+ age- audience. binding.");
  EXPECT_EQ(told(signed_with({{"aud", "\"other\""}})),
            std::string(kRead) + "times+ age+ audience- binding.");
  load(std::string(kEntry) + "\nbinding: required");
  EXPECT_EQ(told(signed_with({})), std::string(kRead) + "times+ age+ audience+ binding-");
}

TEST_F(Checks, OfAJwtThatIsNotEvenRead) {
  constexpr std::string_view kRest = "times. age. audience. binding.";
  const auto ends = [&](std::string_view begin) { return std::string(begin) + std::string(kRest); };
  Call nothing;
  EXPECT_EQ(told(nothing), ends("credential- issuer. "));
  EXPECT_EQ(told("***"), ends("credential- issuer. ")) << "no token68";
  EXPECT_EQ(told("opaque"), ends("credential+ form- issuer. signature. claims. "));
  EXPECT_EQ(told(signed_with({}, {{"alg", "\"ES512\""}})),
            ends("credential+ form- issuer. signature. claims. "));
  EXPECT_EQ(told(signed_with({{"iss", ""}})),
            ends("credential+ form+ issuer- signature. claims. "));
  EXPECT_EQ(told(signed_with({{"iss", "\"https://other.example\""}})),
            ends("credential+ form+ issuer- signature. claims. "));
  EXPECT_EQ(told(signed_with({}, {{"typ", "\"JWT\""}})),
            ends("credential+ form+ issuer- signature. claims. "));
  EXPECT_EQ(told(signed_with({}, {{"kid", "\"other\""}})),
            ends("credential+ form+ issuer+ signature- claims. "));
  const std::string unsigned_token = signed_with({});
  const std::string forged = unsigned_token.substr(0, unsigned_token.rfind('.')) + "." +
                             crypto::encode_base64url(std::string(64, 'x'));
  EXPECT_EQ(told(forged), ends("credential+ form+ issuer+ signature- claims. "));
  EXPECT_EQ(told(signed_with({{"sub", ""}})),
            ends("credential+ form+ issuer+ signature+ claims- "));
  EXPECT_EQ(told(signed_with({{"cnf", R"({"x":"y"})"}})),
            ends("credential+ form+ issuer+ signature+ claims- "))
      << "bound to what nobody knows: the reason of a wrong certificate, too";
}

TEST_F(Checks, OfABoundToken) {
  const std::string hash = crypto::encode_base64url(std::string(32, 'h'));
  const std::string to_certificate = signed_with({{"cnf", R"({"x5t#S256":")" + hash + "\"}"}});
  EXPECT_EQ(told(to_certificate),
            std::string(kRead) + "times+ age+ audience+ binding+ certificate-");
  const std::string to_key = signed_with({{"cnf", R"({"jkt":")" + hash + "\"}"}});
  EXPECT_EQ(told(to_key), std::string(kRead) + "times+ age+ audience+ binding+ dpop-");
  EXPECT_EQ(told(to_key, "DPoP "), std::string(kRead) + "times+ age+ audience+ binding+ dpop-");
  EXPECT_EQ(told(signed_with({}), "DPoP "),
            std::string(kRead) + "times+ age+ audience+ binding+ dpop-");
  const std::string late =
      signed_with({{"exp", seconds(-100)}, {"cnf", R"({"jkt":")" + hash + "\"}"}});
  EXPECT_EQ(told(late), std::string(kRead) + "times- age. audience. binding. dpop.");
}

// The reason is shared by the claims, which were read before and not now, and by the certificate.
TEST_F(Checks, OfARememberedTokenOnAnotherConnection) {
  crypto::CertificateView view;
  view.sha256.fill('h');
  const std::string hash = crypto::encode_base64url(std::string(32, 'h'));
  const std::string token = signed_with({{"cnf", R"({"x5t#S256":")" + hash + "\"}"}});
  Call own;
  own.certificate(view).header("Authorization", "Bearer " + token);
  EXPECT_EQ(told(own), std::string(kRead) + "times+ age+ audience+ binding+ certificate+");
  EXPECT_EQ(told(token), std::string(kKnown) + "times+ age+ audience+ binding+ certificate-");
}

TEST_F(Checks, OfAnAnswer) {
  load(std::string(kEntry) + "\nupstream_401: normalise");
  Call call;
  http::ResponseHead head;
  head.status = 401;
  harness_.respond(call, head);
  EXPECT_EQ(checks_of(module, call, policy::deny(*call.exchange().answer_refused)), "answer-");
}

}  // namespace
}  // namespace sallyport::bearer
