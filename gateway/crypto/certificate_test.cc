#include "gateway/crypto/certificate.h"

#include <gtest/gtest.h>

#include "gateway/base/text.h"
#include "gateway/crypto/digest.h"
#include "gateway/crypto/distinguished_name.h"
#include "gateway/crypto/pem.h"
#include "tests/support/test_ca.h"

namespace sallyport::crypto {
namespace {

using test::CertificateSpec;
using test::TestCa;

const TestCa& ca() {
  static const TestCa instance(
      CertificateSpec{.common_name = "Root", .organization = "Bank, Inc."});
  return instance;
}

CertificateView view_of_spec(const CertificateSpec& spec) {
  auto view = view_certificate(ca().issue(spec).der);
  EXPECT_TRUE(view) << view.error().text;
  return std::move(*view);
}

TEST(Certificate, ShowsWhatItHolds) {
  const auto identity = ca().issue({.common_name = "app.example",
                                    .organization = "App",
                                    .dns_names = {"app.example", "*.app.example"},
                                    .uris = {"spiffe://example/app"},
                                    .not_before = 1700000000,
                                    .not_after = 1800000000});
  const auto view = view_certificate(identity.der);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->subject, "CN=app.example,O=App");
  EXPECT_EQ(view->issuer, "CN=Root,O=Bank\\, Inc.");
  EXPECT_EQ(view->common_name, "app.example");
  EXPECT_EQ(view->dns_names, (std::vector<std::string>{"app.example", "*.app.example"}));
  EXPECT_EQ(view->uris, (std::vector<std::string>{"spiffe://example/app"}));
  EXPECT_EQ(view->not_before, 1700000000);
  EXPECT_EQ(view->not_after, 1800000000);
  EXPECT_EQ(view->sha256, sha256(identity.der));
  EXPECT_EQ(view->spki_sha256, sha256(identity.key.spki_der()));
  EXPECT_EQ(view->der, identity.der);
  EXPECT_TRUE(view->chain_der.empty());
  EXPECT_FALSE(view->serial.empty());
}

TEST(Certificate, ReadsTimesAfter2049) {
  EXPECT_EQ(view_of_spec({.not_after = 4102444800}).not_after, 4102444800);  // 2100-01-01
}

TEST(Certificate, HasNoCommonNameWhenThereAreTwo) {
  const auto view = view_of_spec({.common_name = "good", .more_common_names = {"evil"}});
  EXPECT_EQ(view.common_name, "");
  EXPECT_EQ(view.subject, "CN=evil,CN=good");
  EXPECT_EQ(view_of_spec({.common_name = "", .organization = "X"}).common_name, "");
}

TEST(Certificate, ReplacesNulAndControlCharacters) {
  const auto view = view_of_spec({.common_name = std::string("good\0evil\n", 10),
                                  .dns_names = {std::string("good.example\0.evil", 18)},
                                  .uris = {"x:\x1b[31m"}});
  EXPECT_EQ(view.common_name, "good\uFFFDevil\uFFFD");
  EXPECT_EQ(view.dns_names.front(), "good.example\uFFFD.evil");
  EXPECT_EQ(view.uris.front(), "x:\uFFFD[31m");
}

TEST(Certificate, RefusesEveryCutAndTail) {
  const std::string der = ca().issue({.dns_names = {"a.example"}}).der;
  for (std::size_t size = 0; size < der.size(); ++size) {
    EXPECT_FALSE(view_certificate(der.substr(0, size))) << size;
  }
  EXPECT_FALSE(view_certificate(der + '\0'));
}

TEST(Certificate, RefusesWhatIsTooLarge) {
  EXPECT_TRUE(view_certificate(ca().issue({.uris = {std::string(30000, 'x')}}).der));
  EXPECT_FALSE(view_certificate(ca().issue({.uris = {std::string(40000, 'x')}}).der));
}

TEST(Certificate, BundleKeepsItsOrder) {
  const auto intermediate = ca().intermediate("Issuing");
  const auto identity = intermediate.issue({});
  const auto certificates = read_certificates("comment\n" + identity.chain_pem(), 4);
  ASSERT_TRUE(certificates);
  EXPECT_EQ(*certificates, (std::vector<std::string>{identity.der, intermediate.der()}));
}

TEST(Certificate, BundleRefusesOtherBlocksDamageAndExcess) {
  const auto identity = ca().issue({});
  const std::string pem = identity.certificate_pem();
  EXPECT_FALSE(read_certificates("", 4));
  EXPECT_FALSE(read_certificates("nothing here", 4));
  EXPECT_FALSE(read_certificates(pem + identity.key_pem(), 4));
  EXPECT_FALSE(read_certificates(pem.substr(0, pem.size() / 2), 4));
  EXPECT_FALSE(read_certificates(pem + pem.substr(0, pem.size() / 2), 4));
  EXPECT_TRUE(read_certificates(pem + pem, 2));
  EXPECT_FALSE(read_certificates(pem + pem + pem, 2));
}

TEST(Pem, RefusesBlocksWithHeaders) {
  const auto blocks = read_pem(
      "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n"
      "AAAA\n-----END RSA PRIVATE KEY-----\n",
      4);
  ASSERT_FALSE(blocks);
  EXPECT_NE(blocks.error().text.find("encrypted"), std::string::npos);
}

// name builds the DER of a Name with one attribute per relative name.
std::string tlv(char tag, const std::string& content) {
  EXPECT_LT(content.size(), 128U);
  return std::string(1, tag) + static_cast<char>(content.size()) + content;
}
std::string attribute(const std::string& oid, char tag, const std::string& value) {
  return tlv('\x30', tlv('\x06', oid) + tlv(tag, value));
}
const std::string kCommonNameOid = "\x55\x04\x03";
constexpr char kUtf8 = 12;

std::string text_of(const std::string& rdns) {
  const auto name = name_text(tlv('\x30', rdns));
  return name ? name->text : "malformed";
}
std::string text_of_value(char tag, const std::string& value) {
  return text_of(tlv('\x31', attribute(kCommonNameOid, tag, value)));
}

TEST(DistinguishedName, EscapesWhatRfc4514Escapes) {
  EXPECT_EQ(text_of_value(kUtf8, "a,b+c\"d\\e<f>g;h"), R"(CN=a\,b\+c\"d\\e\<f\>g\;h)");
  EXPECT_EQ(text_of_value(kUtf8, " a b "), R"(CN=\ a b\ )");
  EXPECT_EQ(text_of_value(kUtf8, "#a#"), R"(CN=\#a#)");
  EXPECT_EQ(text_of_value(kUtf8, " "), R"(CN=\ )");
}

TEST(DistinguishedName, JoinsPartsOfOneRelativeName) {
  EXPECT_EQ(text_of(tlv('\x31', attribute(kCommonNameOid, kUtf8, "a") +
                                    attribute("\x55\x04\x05", kUtf8, "1"))),
            "CN=a+serialNumber=1");
}

TEST(DistinguishedName, ShowsUnknownAttributesAsOidAndHex) {
  EXPECT_EQ(text_of(tlv('\x31', attribute("\x2a\x03", kUtf8, "A"))), "1.2.3=#0c0141");
  EXPECT_EQ(text_of_value('\x02', "\x05"), "CN=#020105");
  EXPECT_EQ(text_of_value(static_cast<char>(0x8c), "A"), "CN=#8c0141");
}

TEST(DistinguishedName, ReadsTheOldStringTypes) {
  EXPECT_EQ(text_of_value(19, "plain"), "CN=plain");
  EXPECT_EQ(text_of_value(20, "M\xfcller"), "CN=Müller");
  EXPECT_EQ(text_of_value(30, std::string("\0M\0\xfc\x20\xac", 6)), "CN=Mü€");
  EXPECT_EQ(text_of_value(28, std::string("\0\1\xf6\0", 4)), "CN=\U0001F600");
  EXPECT_EQ(text_of_value(30, std::string("\0M\0", 3)), "CN=M\uFFFD");
}

TEST(DistinguishedName, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(text_of_value(kUtf8, "a\xff"), "CN=a\uFFFD");
  EXPECT_EQ(text_of_value(kUtf8, "\xc0\xaf"), "CN=\uFFFD");          // an overlong slash
  EXPECT_EQ(text_of_value(kUtf8, "\xed\xa0\x80"), "CN=\uFFFD");      // a surrogate
  EXPECT_EQ(text_of_value(kUtf8, "\xf4\x90\x80\x80"), "CN=\uFFFD");  // beyond U+10FFFF
  EXPECT_EQ(text_of_value(kUtf8, "\xe2\x82"), "CN=\uFFFD\uFFFD");
  EXPECT_EQ(text_of_value(kUtf8, "a\u202Eb"), "CN=a\uFFFDb");  // turns the writing direction
  EXPECT_EQ(text_of_value(22, "\xc3\xbc"), "CN=\uFFFD\uFFFD");
  EXPECT_EQ(text_of_value(kUtf8, "Zoë"), "CN=Zoë");
}

TEST(DistinguishedName, RefusesMalformedNames) {
  EXPECT_EQ(text_of(tlv('\x31', "")), "malformed");
  EXPECT_EQ(text_of(tlv('\x30', "")), "malformed");
  EXPECT_EQ(text_of(tlv('\x31', tlv('\x30', tlv('\x06', kCommonNameOid)))), "malformed");
  EXPECT_EQ(text_of(tlv('\x31', attribute("", kUtf8, "a"))), "malformed");
  EXPECT_FALSE(name_text(tlv('\x30', "") + "x"));
  EXPECT_FALSE(name_text(""));
  EXPECT_EQ(text_of(""), "");
}

}  // namespace
}  // namespace sallyport::crypto
