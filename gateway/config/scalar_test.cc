#include "gateway/config/scalar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>

namespace sallyport::config {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

Node plain_node(std::string text) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.scalar = std::move(text);
  node.path = "x";
  return node;
}

Node quoted_node(std::string text) {
  Node node = plain_node(std::move(text));
  node.quoted = true;
  return node;
}

// The finding's message, or "accepted".
template <class Decode>
std::string outcome(Decode decode) {
  Findings findings;
  const bool ok = static_cast<bool>(decode(findings));
  EXPECT_EQ(ok, !findings.has_errors());
  return findings.all().empty() ? "accepted" : findings.all().front().message;
}

std::string boolean(const Node& node, bool* value = nullptr) {
  bool out = false;
  const std::string text = outcome([&](Findings& f) { return decode_boolean(node, out, f); });
  if (value != nullptr) *value = out;
  return text;
}

std::string text(const Node& node) {
  std::string out;
  return outcome([&](Findings& f) { return decode_text(node, out, f); });
}

std::string number(const Node& node) {
  double out = 0;
  return outcome([&](Findings& f) { return decode_number(node, out, f); });
}

std::string size(const std::string& text, std::uint64_t expected = 0) {
  Size out;
  const auto said = outcome([&](Findings& f) { return decode_size(plain_node(text), out, f); });
  EXPECT_EQ(out.bytes, expected) << text;
  return said;
}

std::string duration(const Node& node, Resolution resolution = Resolution::milliseconds) {
  return outcome([&](Findings& f) { return decode_duration(node, resolution, f); });
}

Milliseconds milliseconds(const std::string& text) {
  Findings findings;
  return decode_duration(plain_node(text), Resolution::milliseconds, findings)
      .value_or(Milliseconds(-1));
}

std::string byte_sized(const Node& node) {
  return outcome([&](Findings& f) { return decode_unsigned(node, 255, f); });
}

TEST(Boolean, IsTrueOrFalseOnly) {
  bool value = false;
  EXPECT_EQ(boolean(plain_node("true"), &value), "accepted");
  EXPECT_TRUE(value);
  EXPECT_EQ(boolean(plain_node("false"), &value), "accepted");
  EXPECT_FALSE(value);
  EXPECT_EQ(boolean(plain_node("1")), "\"1\" is no boolean: write true or false");
}

TEST(Boolean, RefusesTheOlderSpellingsWithTheNewOne) {
  for (const auto* word : {"yes", "Yes", "on", "ON", "y", "True", "TRUE"}) {
    EXPECT_THAT(boolean(plain_node(word)), EndsWith("is no boolean: write true")) << word;
  }
  for (const auto* word : {"no", "No", "off", "n", "False"}) {
    EXPECT_THAT(boolean(plain_node(word)), EndsWith("is no boolean: write false")) << word;
  }
  EXPECT_EQ(boolean(quoted_node("true")),
            "\"true\" is no boolean: write true without quotation marks");
}

TEST(Integer, RefusesWhatOthersReadInAnotherBase) {
  EXPECT_EQ(byte_sized(plain_node("010")),
            "\"010\" is no whole number: write digits only, such as 10, without a leading zero");
  for (const auto* word : {"0x1F", "0o7", "1_0", "+5", "1e2", "1.0", "", "-", "--1", " 1", "00"}) {
    EXPECT_THAT(byte_sized(plain_node(word)), HasSubstr("is no whole number")) << word;
  }
  EXPECT_EQ(byte_sized(quoted_node("5")),
            "\"5\" is a text: write a number without quotation marks");
}

TEST(Integer, KnowsItsRange) {
  EXPECT_EQ(byte_sized(plain_node("0")), "accepted");
  EXPECT_EQ(byte_sized(plain_node("255")), "accepted");
  EXPECT_EQ(byte_sized(plain_node("256")),
            "\"256\" is out of range: write a whole number from 0 to 255");
  EXPECT_THAT(byte_sized(plain_node("-1")), HasSubstr("is out of range"));
  EXPECT_THAT(byte_sized(plain_node("99999999999999999999999")), HasSubstr("is out of range"));
  Findings findings;
  EXPECT_EQ(decode_signed(plain_node("-9223372036854775808"),
                          std::numeric_limits<std::int64_t>::min(), 0, findings),
            std::numeric_limits<std::int64_t>::min());
}

TEST(Number, IsDigitsAndAFraction) {
  for (const auto* word : {"0", "0.5", "-1.25", "10"}) {
    EXPECT_EQ(number(plain_node(word)), "accepted") << word;
  }
  for (const auto* word :
       {".5", "1.", "1e3", "inf", ".inf", "nan", "0x1", "01", "1.2.3", "", "-"}) {
    EXPECT_THAT(number(plain_node(word)), EndsWith("is no number: write one such as 10 or 0.5"))
        << word;
  }
  EXPECT_THAT(number(quoted_node("0.5")), HasSubstr("is no number"));
}

TEST(Text, IsNotWhatAnotherReaderTakesForANumberOrBoolean) {
  EXPECT_EQ(text(plain_node("1.10")),
            "1.10 is a number, but a text is needed: put it in quotation marks");
  EXPECT_EQ(text(plain_node("true")),
            "true is a boolean, but a text is needed: put it in quotation marks");
  for (const auto* word : {"8443", "-1", "1e5", "0x10", "0o17", ".5", "+7", "-.inf"}) {
    EXPECT_THAT(text(plain_node(word)), HasSubstr("put it in quotation marks")) << word;
    EXPECT_EQ(text(quoted_node(word)), "accepted") << word;
  }
  for (const auto* word : {"NO", "1.2.3.4", "10:30", "e", "a1", "1-2", "-", "15m", "2024-01-01"}) {
    EXPECT_EQ(text(plain_node(word)), "accepted") << word;
  }
}

TEST(Duration, NeedsANumberAndAUnit) {
  EXPECT_EQ(milliseconds("250ms"), Milliseconds(250));
  EXPECT_EQ(milliseconds("900s"), Seconds(900));
  EXPECT_EQ(milliseconds("15m"), Seconds(900));
  EXPECT_EQ(milliseconds("2h"), Seconds(7200));
  EXPECT_EQ(milliseconds("1d"), Seconds(86400));
  EXPECT_EQ(milliseconds("0s"), Seconds(0));
  EXPECT_EQ(duration(quoted_node("15m")), "accepted");
  EXPECT_EQ(duration(plain_node("900")), "\"900\" has no unit: write 900s for seconds");
  for (const auto* word :
       {"15 minutes", "m", "", "15M", "1h30m", "-5s", "1.5h", "015m", "0x5s", "5s "}) {
    EXPECT_THAT(duration(plain_node(word)), HasSubstr(" is no duration: write 15m or 900s"))
        << word;
  }
}

TEST(Duration, KeepsToWholeSecondsWhereTheyCount) {
  EXPECT_EQ(duration(plain_node("250ms"), Resolution::seconds),
            "\"250ms\" is finer than a second: write whole seconds, such as 1s");
}

TEST(Duration, HasAnEnd) {
  EXPECT_EQ(duration(plain_node("36600d")), "accepted");
  for (const auto* word : {"36601d", "9223372036854775807d", "99999999999999999999s"}) {
    EXPECT_THAT(duration(plain_node(word)),
                EndsWith(" is longer than 100 years: write a shorter duration"))
        << word;
  }
}

TEST(Size, CountsInPowersOf1024) {
  EXPECT_EQ(size("4096", 4096), "accepted");
  EXPECT_EQ(size("16k", 16384), "accepted");
  EXPECT_EQ(size("8m", 8u << 20), "accepted");
  EXPECT_EQ(size("1g", 1u << 30), "accepted");
  EXPECT_EQ(size("0", 0), "accepted");
  EXPECT_EQ(size("16K"), "\"16K\" is no size: write 4096, 16k, 8m or 1g (powers of 1024)");
  for (const auto* word : {"16kb", "k", "", "1.5m", "-1", "010"}) {
    EXPECT_THAT(size(word), HasSubstr("is no size")) << word;
  }
  EXPECT_EQ(size("99999999999g"), "\"99999999999g\" is too large: write a smaller size");
}

TEST(Show, IsWhatOneWouldWrite) {
  EXPECT_EQ(show(Milliseconds(900'000)), "15m");
  EXPECT_EQ(show(Milliseconds(1500)), "1500ms");
  EXPECT_EQ(show(Milliseconds(0)), "0s");
  EXPECT_EQ(show(Milliseconds(172'800'000)), "2d");
  EXPECT_EQ(show(Size{16384}), "16k");
  EXPECT_EQ(show(Size{1000}), "1000");
  EXPECT_EQ(show(Size{0}), "0");
}

TEST(Path, StartsAtTheFolderOfTheFileThatNamesIt) {
  Node node = plain_node("certs/a.pem");
  node.at.file = std::make_shared<const std::string>("/etc/sallyport/sallyport.yaml");
  Findings findings;
  File file;
  ASSERT_TRUE(decode_file(node, file, findings));
  EXPECT_EQ(file.path, "/etc/sallyport/certs/a.pem");
  node.at.file = std::make_shared<const std::string>("sallyport.yaml");
  ASSERT_TRUE(decode_file(node, file, findings));
  EXPECT_EQ(file.path, "certs/a.pem");
  node.scalar = "/srv/a.pem";
  ASSERT_TRUE(decode_file(node, file, findings));
  EXPECT_EQ(file.path, "/srv/a.pem");
  EXPECT_EQ(outcome([&](Findings& f) { return decode_file(quoted_node(""), file, f); }),
            "an empty path: write the path of a file");
}

class SecretTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override {
    std::filesystem::remove_all(folder_);
    ::unsetenv("SALLYPORT_TEST_SECRET");
    ::unsetenv("CREDENTIALS_DIRECTORY");
  }

  std::string put(const std::string& name, const std::string& content, unsigned mode = 0600) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << content;
    ::chmod(path.c_str(), mode);
    return path;
  }

  // read returns the value, or what was said instead.
  std::string read(const std::string& reference) {
    Node node = plain_node(reference);
    node.at.file = std::make_shared<const std::string>(folder_ + "/a.yaml");
    findings_ = Findings();
    Secret secret;
    if (decode_secret(node, secret, findings_)) return secret.reveal();
    EXPECT_TRUE(secret.empty());
    return findings_.all().at(0).message;
  }

  const std::string folder_ = ::testing::TempDir() + "sallyport_secret_test";
  Findings findings_;
};

TEST_F(SecretTest, RefusesALiteralAndDoesNotRepeatIt) {
  EXPECT_EQ(read("hunter2"),
            "a secret does not belong in this file: write file:PATH, env:NAME or credential:NAME");
  EXPECT_THAT(read("file:"), HasSubstr("a secret does not belong in this file"));
  Findings findings;
  Secret secret;
  Node list;
  list.kind = Node::Kind::sequence;
  list.items.push_back(plain_node("hunter2"));
  EXPECT_FALSE(decode_secret(list, secret, findings));
  EXPECT_THAT(findings.all().at(0).text(),
              AllOf(HasSubstr("is a list"), Not(HasSubstr("hunter2"))));
}

TEST_F(SecretTest, ReadsAFileWithoutItsLastLineEnd) {
  EXPECT_EQ(read("file:" + put("a", "s3cret\n")), "s3cret");
  EXPECT_EQ(read("file:" + put("b", "s3cret\r\n")), "s3cret");
  EXPECT_EQ(read("file:" + put("c", " two\nlines\n\n")), " two\nlines\n");
  EXPECT_EQ(read("file:a"), "s3cret") << "relative to the file that names it";
  EXPECT_TRUE(findings_.all().empty());
}

TEST_F(SecretTest, NamesAFileItCannotRead) {
  EXPECT_EQ(read("file:/none/here"),
            "the secret's file \"/none/here\" cannot be read: No such file or directory");
  EXPECT_THAT(read("file:" + folder_), HasSubstr("is not a regular file"));
}

TEST_F(SecretTest, DoesNotWaitForAPipe) {
  const std::string path = folder_ + "/pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_THAT(read("file:" + path), HasSubstr("is not a regular file"));
}

TEST_F(SecretTest, BoundsTheSizeOfAFileExactly) {
  EXPECT_EQ(read("file:" + put("a", std::string(kMaxSecretBytes, 'x'))).size(), kMaxSecretBytes);
  EXPECT_THAT(read("file:" + put("a", std::string(kMaxSecretBytes + 1, 'x'))),
              HasSubstr("is larger than 65536 bytes"));
}

TEST_F(SecretTest, RefusesAnEmptySecret) {
  EXPECT_EQ(read("file:" + put("a", "\n")), "the secret is empty where it is kept: put it there");
  ::setenv("SALLYPORT_TEST_SECRET", "", 1);
  EXPECT_THAT(read("env:SALLYPORT_TEST_SECRET"), HasSubstr("is empty"));
}

TEST_F(SecretTest, WarnsOfAFileThatEverybodyMayRead) {
  EXPECT_EQ(read("file:" + put("a", "s3cret", 0644)), "s3cret");
  ASSERT_EQ(findings_.all().size(), 1u);
  EXPECT_EQ(findings_.all()[0].severity, Severity::warning);
  EXPECT_EQ(findings_.all()[0].message,
            "everybody on this machine may read \"" + folder_ + "/a\": chmod o-r it");
}

TEST_F(SecretTest, ReadsTheEnvironment) {
  EXPECT_EQ(read("env:SALLYPORT_TEST_SECRET"),
            "the environment has no variable \"SALLYPORT_TEST_SECRET\": set it");
  ::setenv("SALLYPORT_TEST_SECRET", "s3cret", 1);
  EXPECT_EQ(read("env:SALLYPORT_TEST_SECRET"), "s3cret");
  ::setenv("SALLYPORT_TEST_SECRET", std::string(kMaxSecretBytes + 1, 'x').c_str(), 1);
  EXPECT_EQ(read("env:SALLYPORT_TEST_SECRET"),
            "the variable \"SALLYPORT_TEST_SECRET\" is larger than 65536 bytes");
}

TEST_F(SecretTest, ReadsCredentialsOfTheServiceManager) {
  EXPECT_EQ(read("credential:redis"),
            "there are no systemd credentials here: add LoadCredential=redis:/path/of/file to the "
            "unit");
  ::setenv("CREDENTIALS_DIRECTORY", folder_.c_str(), 1);
  put("redis", "s3cret\n");
  EXPECT_EQ(read("credential:redis"), "s3cret");
  EXPECT_THAT(read("credential:none"), HasSubstr("No such file or directory"));
}

TEST_F(SecretTest, LooksForCredentialsNowhereElse) {
  ::setenv("CREDENTIALS_DIRECTORY", (folder_ + "/sub").c_str(), 1);
  put("outside", "s3cret");
  std::filesystem::create_directories(folder_ + "/sub");
  for (const auto* name : {"../outside", "..", "", "/etc/hostname", ".hidden"}) {
    EXPECT_THAT(read(std::string("credential:") + name), HasSubstr("is no name of a credential"))
        << name;
  }
}

}  // namespace
}  // namespace sallyport::config
