#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "gateway/config/node.h"

namespace sallyport::config {
namespace {

using namespace std::string_view_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const auto kFile = std::make_shared<const std::string>("a.yaml");

std::vector<std::string> errors_of(std::string_view text) {
  Findings findings;
  const auto node = parse_yaml(text, kFile, findings);
  EXPECT_EQ(node.has_value(), !findings.has_errors());
  std::vector<std::string> out;
  for (const Finding& finding : findings.all()) out.push_back(finding.text());
  return out;
}

Node read(std::string_view text) {
  Findings findings;
  auto node = parse_yaml(text, kFile, findings);
  for (const Finding& finding : findings.all()) ADD_FAILURE() << finding.text();
  return node.value_or(Node{});
}

std::string repeat(std::string_view piece, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += piece;
  return out;
}

TEST(Yaml, KeepsTheShapeOfTheFile) {
  const Node root = read("routes:\n  - path: /a\n    policies: {bearer: {max_age: 15m}}\nn: ~\n");
  ASSERT_TRUE(root.is_mapping());
  const Node& max_age =
      *root.find("routes")->items.at(0).find("policies")->find("bearer")->find("max_age");
  EXPECT_EQ(max_age.scalar, "15m");
  EXPECT_FALSE(max_age.quoted);
  EXPECT_TRUE(root.find("n")->is_null());
  EXPECT_EQ(root.find("none"), nullptr);
}

TEST(Yaml, KnowsPositionAndPathOfEveryValue) {
  const Node root =
      read("routes:\n  - path: /a\n    policies: {bearer: {max_age: 15m}}\nn:\nm: 1\n");
  const Node& max_age =
      *root.find("routes")->items.at(0).find("policies")->find("bearer")->find("max_age");
  EXPECT_EQ(max_age.path, "routes[0].policies.bearer.max_age");
  EXPECT_EQ(*max_age.at.file, "a.yaml");
  EXPECT_EQ(max_age.at.line, 3);
  EXPECT_EQ(max_age.at.column, 34);
  EXPECT_EQ(root.members.at(0).key_at.line, 1);
  EXPECT_EQ(root.find("n")->at.line, 4) << "an empty value stands where its key does";
}

TEST(Yaml, QuotesKeysThatWouldMakeAPathUnclear) {
  const Node root = read("\"a.b\":\n  'c d': [1]\n");
  EXPECT_EQ(root.members.at(0).value.members.at(0).value.items.at(0).path, R"(["a.b"]["c d"][0])");
}

TEST(Yaml, RemembersWhichScalarsWereQuoted) {
  const Node root = read("- a\n- 'b'\n- \"c\"\n- |\n  d\n");
  EXPECT_FALSE(root.items.at(0).quoted);
  EXPECT_TRUE(root.items.at(1).quoted);
  EXPECT_TRUE(root.items.at(2).quoted);
}

TEST(Yaml, TakesQuotedNullForText) {
  const Node root = read("[null, ~, 'null', \"~\", '']");
  EXPECT_TRUE(root.items.at(0).is_null());
  EXPECT_TRUE(root.items.at(1).is_null());
  for (std::size_t i : {2u, 3u, 4u}) EXPECT_TRUE(root.items.at(i).is_scalar()) << i;
}

TEST(Yaml, RefusesDuplicateKeysAndNamesBothPlaces) {
  EXPECT_THAT(errors_of("a:\n  x: 1\n  y: 2\n  \"x\": 3\n"),
              ElementsAre("a.yaml:4:3: error: a: duplicate key \"x\", first in line 2: "
                          "keep one of them"));
}

TEST(Yaml, AllowsOneKeyInTwoMappings) { read("a: {x: 1}\nb: {x: 1}\n"); }

TEST(Yaml, RefusesAnchorsAndAliases) {
  EXPECT_THAT(
      errors_of("a: &n 1\nb: *n\n"),
      ElementsAre("a.yaml:1:4: error: an anchor (&name): write the value out where it holds",
                  "a.yaml:2:4: error: an alias (*name): write the value out where it holds"));
  EXPECT_THAT(errors_of("a: &n [1]\n"), ElementsAre(HasSubstr("an anchor")));
  EXPECT_THAT(errors_of("a: &n {b: 1}\n"), ElementsAre(HasSubstr("an anchor")));
  EXPECT_THAT(errors_of("a: &n\n"), ElementsAre(HasSubstr("an anchor")));
  EXPECT_THAT(errors_of("a: &n 1\n*n : 2\n"),
              ElementsAre(HasSubstr("an anchor"), HasSubstr("a key that is no text")));
  EXPECT_THAT(errors_of("&n a: 1\n"), ElementsAre(HasSubstr("an anchor")));
}

TEST(Yaml, RefusesTags) {
  EXPECT_THAT(errors_of("a: !!str 1\n"),
              ElementsAre("a.yaml:1:4: error: a tag (\"tag:yaml.org,2002:str\"): remove it"));
  EXPECT_THAT(errors_of("a: ! 1\n"), ElementsAre(HasSubstr("a tag (!)")));
  EXPECT_THAT(errors_of("a: ! 'x'\n"), ElementsAre(HasSubstr("a tag (!)")));
  EXPECT_THAT(errors_of("a: !x [1]\n"), ElementsAre(HasSubstr("a tag (\"!x\")")));
  EXPECT_THAT(errors_of("a: !x {b: 1}\n"), ElementsAre(HasSubstr("a tag (\"!x\")")));
}

TEST(Yaml, RefusesMergeKeys) {
  EXPECT_THAT(errors_of("a:\n  <<: {x: 1}\n"),
              ElementsAre("a.yaml:2:3: error: a: a merge key (<<): write the values out"));
}

TEST(Yaml, RefusesASecondDocument) {
  EXPECT_THAT(
      errors_of("a: 1\n---\nb: 2\n"),
      ElementsAre(HasSubstr("a second document, or lines that do not belong to those above")));
  EXPECT_THAT(errors_of("a: 1\n...\nb: 2\n"), ElementsAre(HasSubstr("a second document")));
  read("---\na: 1\n...\n");
}

TEST(Yaml, RefusesKeysThatAreNoText) {
  for (const auto* text :
       {"[a]: 1\n", "{a: 1}: 1\n", "? [a]\n: 1\n", "~: 1\n", ": 1\n", "{: 1}\n"}) {
    EXPECT_THAT(errors_of(text), ElementsAre(HasSubstr("a key that is no text"))) << text;
  }
}

TEST(Yaml, ReportsSyntaxErrorsWhereTheyAre) {
  const auto errors = errors_of("a: 1\nb: c: d\n");
  EXPECT_THAT(errors, ElementsAre(HasSubstr("a.yaml:2:5: error: not valid YAML: ")));
  EXPECT_THAT(errors.at(0), HasSubstr("check the indentation above"));
  EXPECT_THAT(errors_of("a: [1, 2\n"), ElementsAre(HasSubstr("not valid YAML")));
}

TEST(Yaml, RefusesQuotedTextThatDoesNotEnd) {
  EXPECT_THAT(
      errors_of("a: \"x\nb: 2\n"),
      ElementsAre("a.yaml:1:4: error: a text in quotation marks that does not end: close it"));
  for (const auto* text :
       {"a: 'x\n", "a: 'x''\n", "a: \"x\\\"\n", "- 'é'\r\n- 'x\r\n", "'a\n: 1\n"}) {
    EXPECT_THAT(errors_of(text), ElementsAre(HasSubstr("does not end"))) << text;
  }
  const Node root = read("é: 'it''s'\r\nb: \"a\\\"\\\\\"\r\nc: ''\n");
  EXPECT_EQ(root.find("é")->scalar, "it's");
  EXPECT_EQ(root.find("b")->scalar, "a\"\\");
}

TEST(Yaml, RefusesDirectives) {
  EXPECT_THAT(errors_of("%TAG ! x:\n---\na: 1\n"),
              ElementsAre("a.yaml:1:1: error: a directive (%): remove the line"));
  EXPECT_THAT(errors_of("a: 1\n%YAML 1.1\n"), ElementsAre(HasSubstr("a directive")));
  EXPECT_EQ(read("a: 50%\n").find("a")->scalar, "50%");
}

TEST(Yaml, GoesOnAfterAMistake) { EXPECT_EQ(errors_of("a: &n 1\na: !x 2\n<<: 3\n").size(), 4u); }

TEST(Yaml, RefusesEmptyFiles) {
  for (const auto* text : {"", "\n", "# nothing\n", "---\n", "~\n"}) {
    EXPECT_THAT(errors_of(text), ElementsAre("a.yaml: error: empty: it holds no configuration"))
        << text;
  }
}

TEST(YamlText, RefusesInvalidUtf8AtItsPlace) {
  EXPECT_THAT(errors_of("a: 1\nb: \xC3\x28\n"),
              ElementsAre("a.yaml:2:4: error: invalid UTF-8: save the file as UTF-8"));
  for (const auto text : {"\xC0\x80"sv, "\xED\xA0\x80"sv, "\xF4\x90\x80\x80"sv, "\xE0\x80\x80"sv,
                          "\xF0\x80\x80\x80"sv, "\xE2\x82"sv, "\x80"sv}) {
    EXPECT_THAT(errors_of(text), ElementsAre(HasSubstr("invalid UTF-8")));
  }
  EXPECT_EQ(read("a: é€😀\n").find("a")->scalar, "é€😀");
}

TEST(YamlText, RefusesWhatHidesTextFromAReviewer) {
  EXPECT_THAT(errors_of("a: 1\0b"sv), ElementsAre(HasSubstr("a.yaml:1:5: error: a control")));
  // The library takes this byte for the end of the file.
  EXPECT_THAT(errors_of("a: 1\n\x04\nb: 2\n"), ElementsAre(HasSubstr("a control character")));
  EXPECT_THAT(errors_of("a: \x7F\n"), ElementsAre(HasSubstr("a control character")));
  EXPECT_THAT(errors_of("a: \xC2\x85\n"), ElementsAre(HasSubstr("a control character")));
  EXPECT_THAT(errors_of("a: 1 # x\rb: 2\n"), ElementsAre(HasSubstr("a carriage return")));
  EXPECT_THAT(errors_of("a: \xE2\x80\xA8\n"), ElementsAre(HasSubstr("line separator")));
  EXPECT_THAT(errors_of("a: \xE2\x80\xAE\n"), ElementsAre(HasSubstr("direction of text")));
  EXPECT_THAT(errors_of("\xEF\xBB\xBF"
                        "a: 1\n"),
              ElementsAre(HasSubstr("byte order mark")));
  EXPECT_EQ(read("a: 1\r\nb: 2\r\n").find("a")->scalar, "1");
}

TEST(YamlText, RefusesNulWrittenAsAnEscape) {
  EXPECT_THAT(errors_of(R"(a: "x\0y")"), ElementsAre(HasSubstr("NUL")));
  EXPECT_THAT(errors_of(R"("x\0y": 1)"), ElementsAre(HasSubstr("NUL")));
}

TEST(YamlLimits, BoundTheDepthExactly) {
  const auto nested = [](std::size_t depth) { return repeat("[", depth) + repeat("]", depth); };
  EXPECT_THAT(errors_of(nested(kMaxDepth)), IsEmpty());
  EXPECT_THAT(errors_of(nested(kMaxDepth + 1)),
              ElementsAre(HasSubstr("nested too deep: 32 levels are the limit")));
}

TEST(YamlLimits, HoldAgainstNestingThatWouldExhaustTheStack) {
  for (const auto* piece :
       {"[", "{", "{a: ", "[{a: ", "- ", "? ", ": ", "- ? ", "[\n", "\"a\": {"}) {
    EXPECT_FALSE(errors_of(repeat(piece, 100'000)).empty()) << piece;
  }
  std::string stairs;
  for (std::size_t i = 0; i < 2000; ++i) stairs += std::string(i, ' ') + "a:\n";
  EXPECT_THAT(errors_of(stairs), ElementsAre(HasSubstr("nested too deep")));
}

TEST(YamlLimits, BoundTheWorkOnTheLargestFiles) {
  const auto start = std::chrono::steady_clock::now();
  for (const auto* piece : {"[", "{", ",", "- ", "? ", "a: ", "\"\n", "#", "!", "&a ", "*a ", "|\n",
                            "\t", " ", "---\n", "<<: a\n", "{}\n", "[a]: "}) {
    const std::string_view p(piece);
    EXPECT_FALSE(errors_of(repeat(p, kMaxFileBytes / p.size())).empty()) << piece;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

TEST(YamlLimits, BoundTheNumberOfValues) {
  EXPECT_THAT(errors_of(repeat("- a\n", kMaxNodes - 1)), IsEmpty());
  EXPECT_THAT(errors_of(repeat("- a\n", kMaxNodes)),
              ElementsAre(HasSubstr("more than 200000 values")));
  EXPECT_THAT(errors_of("[" + repeat("a,", kMaxNodes) + "]"),
              ElementsAre(HasSubstr("more lists and entries than a configuration has")));
}

TEST(YamlLimits, BoundKeysAndPaths) {
  EXPECT_THAT(errors_of(std::string(kMaxKeyBytes, 'k') + ": 1\n"), IsEmpty());
  EXPECT_THAT(errors_of(std::string(kMaxKeyBytes + 1, 'k') + ": 1\n"),
              ElementsAre(HasSubstr("a key of more than 256 bytes")));
  const std::string key = "{" + std::string(kMaxKeyBytes, 'k') + ": ";
  EXPECT_THAT(errors_of(repeat(key, 5) + "1" + repeat("}", 5)),
              ElementsAre(HasSubstr("keys too long for this nesting")));
}

TEST(YamlLimits, BoundTheSizeExactly) {
  const std::string start = "a: 1 #";
  EXPECT_THAT(errors_of(start + std::string(kMaxFileBytes - start.size(), 'x')), IsEmpty());
  EXPECT_THAT(errors_of(start + std::string(kMaxFileBytes - start.size() + 1, 'x')),
              ElementsAre("a.yaml: error: larger than 4 MiB, the limit of a file"));
}

TEST(LoadYaml, ReadsAFileAndNamesOneItCannotRead) {
  const std::filesystem::path folder = ::testing::TempDir() + "sallyport_load_yaml";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "good.yaml") << "a: 1\n";
  Findings findings;
  EXPECT_TRUE(load_yaml(folder / "good.yaml", findings));
  EXPECT_FALSE(load_yaml(folder / "none.yaml", findings));
  EXPECT_FALSE(load_yaml(folder, findings));
  ASSERT_EQ(findings.all().size(), 2u);
  EXPECT_EQ(findings.all()[0].text(), (folder / "none.yaml").string() +
                                          ": error: the configuration cannot be read: "
                                          "No such file or directory");
  EXPECT_THAT(findings.all()[1].text(), HasSubstr("is not a regular file"));
  std::filesystem::remove_all(folder);
}

TEST(Findings, KeepABoundedListAndCountOn) {
  Findings findings;
  for (std::size_t i = 0; i < kMaxFindings + 50; ++i) findings.error(Node{}, "x");
  EXPECT_EQ(findings.all().size(), kMaxFindings + 1);
  EXPECT_EQ(findings.all().back().text(), "error: there are more mistakes; mend these first");
  EXPECT_EQ(findings.error_count(), kMaxFindings + 50);
}

TEST(Findings, AWarningIsNoError) {
  Findings findings;
  findings.warning(read("a: 1"), "careful");
  EXPECT_FALSE(findings.has_errors());
  EXPECT_EQ(findings.all().at(0).text(), "a.yaml:1:1: warning: careful");
}

}  // namespace
}  // namespace sallyport::config
