#include "gateway/crypto/pem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "gateway/crypto/pem_file.h"
#include "tests/support/test_ca.h"

namespace sallyport::crypto {
namespace {

using ::testing::HasSubstr;

const std::string kBlock = write_pem("CERTIFICATE", "0123456789");

std::string why_not(const std::string& text, std::size_t limit = 10) {
  const auto blocks = read_pem(text, limit);
  return blocks ? "" : blocks.error().text;
}

std::size_t count(const std::string& text) {
  const auto blocks = read_pem(text, 10);
  EXPECT_TRUE(blocks) << blocks.error().text;
  return blocks ? blocks->size() : 0;
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
  return text;
}

TEST(Pem, GivesBackWhatWasWritten) {
  for (std::size_t size = 1; size < 200; ++size) {
    const std::string der(size, static_cast<char>(size));
    const auto blocks = read_pem(write_pem("X", der), 1);
    ASSERT_TRUE(blocks) << blocks.error().text;
    ASSERT_EQ(blocks->size(), 1U);
    EXPECT_EQ(blocks->front().der, der);
    EXPECT_EQ(blocks->front().label, "X");
    EXPECT_EQ(blocks->front().line, 1U);
  }
}

TEST(Pem, TextAroundBlocksMayBeAnything) {
  const std::string text =
      "Bag Attributes\n  friendlyName: partner\nsubject=/CN=A --- begin --- \n" + kBlock +
      "# the end of the first\nfront-end echo\n\xff\xfe\x80\n" + kBlock + "no line end after this";
  const auto blocks = read_pem(text, 10);
  ASSERT_TRUE(blocks) << blocks.error().text;
  ASSERT_EQ(blocks->size(), 2U);
  EXPECT_EQ((*blocks)[0].line, 4U);
  EXPECT_EQ((*blocks)[1].line, 10U);
}

TEST(Pem, LineEndsBlanksAndAByteOrderMarkAtTheStartAreNoMatter) {
  EXPECT_EQ(count("\xEF\xBB\xBF" + kBlock + kBlock), 2U);
  EXPECT_EQ(count(replaced(kBlock + kBlock, "\n", "\r\n")), 2U);
  EXPECT_EQ(count(replaced(kBlock + kBlock, "\n", "\r")), 2U);
  EXPECT_EQ(count(replaced(kBlock + kBlock, "\n", " \t\n")), 2U);
  EXPECT_EQ(count(replaced(kBlock, "\nM", "\n\n  M")), 1U);  // blanks among the base64
  EXPECT_EQ(count(kBlock.substr(0, kBlock.size() - 1)), 1U);
}

TEST(Pem, ALineThatLooksLikeABlockIsTakenOrAnError) {
  const std::string begin = "-----BEGIN CERTIFICATE-----";
  const std::string end = "-----END CERTIFICATE-----";
  EXPECT_THAT(why_not("  " + kBlock), HasSubstr("line 1 has white space before -----BEGIN"));
  EXPECT_THAT(why_not(kBlock + replaced("\n" + kBlock, "\n", "\n  ")),
              HasSubstr("line 5 has white space before -----BEGIN"));
  EXPECT_THAT(why_not(kBlock + "\xEF\xBB\xBF" + kBlock), HasSubstr("line 4 has a byte order mark"));
  EXPECT_THAT(why_not(kBlock.substr(0, kBlock.size() - 1) + kBlock),
              HasSubstr("line 3 holds both -----BEGIN and -----END"));
  EXPECT_THAT(why_not(replaced(kBlock, "\n", "\\n")), HasSubstr("line breaks written as \\n"));
  EXPECT_THAT(why_not("cert: " + kBlock), HasSubstr("line 1 holds -----BEGIN but is no such line"));
  EXPECT_THAT(why_not("-----BEGIN" + kBlock), HasSubstr("line 1 holds -----BEGIN"));
  EXPECT_THAT(why_not(replaced(kBlock, "BEGIN CERTIFICATE-----", "BEGIN CERTIFICATE----")),
              HasSubstr("line 1 holds -----BEGIN"));
  EXPECT_THAT(why_not(replaced(kBlock, "-----", "----")), HasSubstr("line 1 looks like"));
  EXPECT_THAT(why_not(replaced(kBlock, "-----", "\xE2\x80\x94\xE2\x80\x93")),
              HasSubstr("line 1 looks like"));
  EXPECT_THAT(why_not(replaced(kBlock, "BEGIN", "Begin")), HasSubstr("line 1 looks like"));
  EXPECT_THAT(why_not(replaced(kBlock, begin, "----- BEGIN CERTIFICATE -----")),
              HasSubstr("line 1 looks like"));
  EXPECT_THAT(why_not(replaced(kBlock, begin, "")),
              HasSubstr("line 3 ends a block that has no beginning"));
  EXPECT_THAT(why_not(replaced(kBlock, end, " " + end)), HasSubstr("line 3 has white space"));
}

TEST(Pem, HalfABlockIsAnError) {
  for (std::size_t size = 28; size + 2 < kBlock.size(); ++size) {
    EXPECT_NE(why_not(kBlock + kBlock.substr(0, size)), "") << size;
  }
  EXPECT_THAT(why_not(kBlock.substr(0, 35) + kBlock), HasSubstr("line 2 "));
  EXPECT_THAT(why_not(replaced(kBlock, "END CERTIFICATE", "END X509 CRL")),
              HasSubstr("line 3 ends a block X509 CRL"));
  EXPECT_THAT(why_not(kBlock.substr(0, 28) + kBlock), HasSubstr("line 2 begins a block"));
  for (const char* bad :
       {"MDEyMzQ1Njc4OQ=", "MDEyMzQ1Njc4OQ", "MDEyMzQ1Njc4O===", "MDEy=zQ1Njc4OQ==",
        "MDEyMzQ1Njc4OR==", "MDEyMzQ1Njc4OQ==MDEy", "MDEy*zQ1Njc4OQ==", ""}) {
    EXPECT_NE(why_not(replaced(kBlock, "MDEyMzQ1Njc4OQ==", bad)), "") << bad;
  }
}

TEST(Pem, WhatIsNoTextIsAnError) {
  EXPECT_THAT(why_not(std::string("\xFF\xFE-\0-\0", 6)), HasSubstr("UTF-16"));
  EXPECT_THAT(why_not(kBlock + std::string("-\0-\0-\0", 6)), HasSubstr("NUL"));
  EXPECT_THAT(why_not(std::string("\x30\x82\x01\x00", 4)), HasSubstr("DER"));
}

TEST(Pem, HeadersAreRefused) {
  EXPECT_THAT(why_not("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: "
                      "AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"),
              HasSubstr("is encrypted; decrypt it"));
  EXPECT_THAT(why_not("-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: 1\n\nAAAA\n"),
              HasSubstr("line 2 is no base64, but a header"));
}

TEST(Pem, HasALimit) {
  EXPECT_EQ(why_not(kBlock + kBlock, 2), "");
  EXPECT_THAT(why_not(kBlock + kBlock, 1), HasSubstr("line 4 begins one more block"));
}

// Files of certificates, keys and lists.

const test::TestCa& ca() {
  static const test::TestCa instance("CA");
  return instance;
}

std::string certificates_of(const std::string& pem, PemUse use = PemUse::show) {
  const auto taken = take_certificates(pem, 3, use);
  if (!taken) return taken.error().text;
  return std::to_string(taken->ders.size()) + ": " + taken->told;
}

std::string key_of(const std::string& pem) {
  const auto taken = take_key(pem);
  return taken ? taken->block.label + ": " + taken->told : taken.error().text;
}

const std::string kParameters =
    write_pem("EC PARAMETERS", "\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07");

TEST(PemFile, LayoutsOfOtherServersLoad) {
  const auto identity = ca().intermediate("Issuing").issue({});
  const std::string chain = identity.chain_pem(), key = identity.key_pem();
  const auto parameters_end = std::to_string(1 + 3);
  EXPECT_EQ(certificates_of(identity.certificate_pem()), "1: ");
  EXPECT_EQ(certificates_of(chain), "2: took 2 certificates");
  EXPECT_THAT(certificates_of(chain + key),
              HasSubstr("took 2 certificates; skipped PRIVATE KEY (line"));
  EXPECT_EQ(certificates_of(kParameters + key + chain),
            "2: took 2 certificates; skipped EC PARAMETERS (line 1), PRIVATE KEY (line " +
                parameters_end + ")");
  EXPECT_EQ(key_of(key), "PRIVATE KEY: ");
  EXPECT_THAT(key_of(kParameters + key + chain), HasSubstr("took 1 private key; skipped EC"));
  EXPECT_THAT(key_of(replaced(chain + key, "\n", "\r\n")), HasSubstr("PRIVATE KEY: took 1"));
  const auto as = [&](const std::string& label) { return write_pem(label, identity.der); };
  EXPECT_EQ(certificates_of(as("X509 CERTIFICATE")), "1: ");
  EXPECT_EQ(certificates_of(as("TRUSTED CERTIFICATE")), "1: ");
}

TEST(PemFile, WhatOpenSslSaysOfTrustIsNeverOverlooked) {
  const std::string der = ca().der();
  const auto with = [&](const std::string& aux) {
    return write_pem("TRUSTED CERTIFICATE", der + aux);
  };
  const std::string alias("\x30\x04\x0C\x02hi", 6);
  const std::string trust("\x30\x06\x30\x04\x06\x02\x2A\x03", 8);
  const std::string reject("\x30\x06\xA0\x04\x06\x02\x2A\x03", 8);
  EXPECT_EQ(certificates_of(with(alias), PemUse::trust), "1: ");
  EXPECT_THAT(certificates_of(with(trust), PemUse::trust), HasSubstr("openssl x509 -in FILE"));
  EXPECT_THAT(certificates_of(with(reject), PemUse::trust), HasSubstr("openssl x509 -in FILE"));
  EXPECT_EQ(certificates_of(with(reject), PemUse::show), "1: ");
  EXPECT_THAT(certificates_of(with("x"), PemUse::show), HasSubstr("cannot be read"));
  const auto taken = take_certificates(with(alias), 1, PemUse::trust);
  EXPECT_EQ(taken->ders.front(), der);
}

TEST(PemFile, AKeyAmongTrustedCertificatesIsAnError) {
  const auto identity = ca().issue({});
  for (const std::string label : {"PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY",
                                  "OPENSSH PRIVATE KEY", "NEW KIND OF PRIVATE KEY"}) {
    const std::string text = ca().certificate_pem() + write_pem(label, "secret");
    EXPECT_THAT(certificates_of(text, PemUse::trust), HasSubstr("is a private key")) << label;
    EXPECT_THAT(certificates_of(text, PemUse::show), HasSubstr("took 1 certificate; skipped "));
  }
  EXPECT_THAT(certificates_of(kParameters + ca().certificate_pem(), PemUse::trust),
              HasSubstr("1: took 1 certificate; skipped EC PARAMETERS (line 1)"));
}

TEST(PemFile, OtherKindsAreRefusedWithWhatToDo) {
  const std::string good = ca().certificate_pem();
  const auto refusal = [&](const char* label) {
    return certificates_of(good + write_pem(label, "0"));
  };
  EXPECT_THAT(refusal("X509 CRL"), HasSubstr("crl.files"));
  EXPECT_THAT(refusal("PKCS7"), HasSubstr("openssl pkcs7 -print_certs"));
  EXPECT_THAT(refusal("CERTIFICATE REQUEST"), HasSubstr("that the CA made of it"));
  EXPECT_THAT(refusal("PUBLIC KEY"), HasSubstr("remove it"));
  EXPECT_THAT(refusal("certificate"), HasSubstr("only CERTIFICATE does, spelt so"));
  EXPECT_THAT(certificates_of(good + good + good + good), HasSubstr("limit of 3"));
  EXPECT_THAT(certificates_of("nothing"), HasSubstr("there is no CERTIFICATE block"));
  EXPECT_THAT(key_of(write_pem("ENCRYPTED PRIVATE KEY", "0")), HasSubstr("is encrypted"));
  EXPECT_THAT(key_of(write_pem("OPENSSH PRIVATE KEY", "0")), HasSubstr("ssh-keygen"));
  EXPECT_THAT(key_of(write_pem("PRIVATE KEY", "0") + write_pem("EC PRIVATE KEY", "0")),
              HasSubstr("line 4: EC PRIVATE KEY is a second private key"));
  EXPECT_THAT(key_of(good), HasSubstr("there is no private key"));
}

TEST(PemFile, SeveralListsAreTaken) {
  const std::string list = write_pem("X509 CRL", "0");
  const auto taken = take_lists(ca().certificate_pem() + list + list, 2);
  ASSERT_TRUE(taken) << taken.error().text;
  EXPECT_EQ(taken->ders.size(), 2U);
  EXPECT_EQ(taken->told, "took 2 revocation lists; skipped CERTIFICATE (line 1)");
  EXPECT_FALSE(take_lists(list + list, 1));
  EXPECT_FALSE(take_lists(list + write_pem("PRIVATE KEY", "0"), 2));
  EXPECT_FALSE(take_lists(list + write_pem("PKCS7", "0"), 2));
}

}  // namespace
}  // namespace sallyport::crypto
