#include "gateway/config/option.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/describe.h"

namespace sallyport::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

enum class Mode { enforce, observe };
constexpr auto option_names(Mode) {
  return std::array{std::pair{std::string_view("enforce"), Mode::enforce},
                    std::pair{std::string_view("observe"), Mode::observe}};
}

struct Tls {
  File certificate;
  std::vector<std::string> protocols{"h2"};
  static std::span<const Option> options() {
    static const std::array rows{
        required<&Tls::certificate>("certificate", "The chain."),
        option<&Tls::protocols>("protocols", "What is offered.", one_of({"h2", "http/1.1"})),
    };
    return rows;
  }
};

struct Settings {
  std::string issuer;
  Seconds max_age{900};
  Milliseconds timeout{250};
  Size buffer{16384};
  Mode mode = Mode::enforce;
  bool strict = true;
  std::uint16_t port = 443;
  int offset = 0;
  double share = 0.5;
  std::vector<std::string> allow;
  std::map<std::string, Seconds> ages;
  std::optional<Seconds> grace;
  At<std::string> name;
  Tls tls;
  std::vector<Tls> listeners;
  std::map<std::string, Tls> hosts;
  Raw policies;
  static std::span<const Option> options();
};

std::span<const Option> Settings::options() {
  static const std::array rows{
      required<&Settings::issuer>("issuer", "Who signs."),
      option<&Settings::max_age>("max_age", "Oldest token.", between(Seconds(1), Seconds(3600))),
      option<&Settings::timeout>("timeout", "Patience."),
      option<&Settings::buffer>("buffer", "Memory.", at_least(Size{4096})),
      option<&Settings::mode>("mode", "What a refusal does."),
      option<&Settings::strict>("strict", "Be strict."),
      option<&Settings::port>("port", "Where.", at_least(1)),
      option<&Settings::offset>("offset", "By how much.", between(-5, 5)),
      option<&Settings::share>("share", "How much.", between(0.0, 1.0)),
      option<&Settings::allow>("allow", "Who may.", not_empty()),
      option<&Settings::ages>("ages", "Ages by name.", between(Seconds(1), Seconds(60))),
      option<&Settings::grace>("grace", "Grace.", at_least(Seconds(2))),
      option<&Settings::name>("name", "A name.", not_empty()),
      option<&Settings::tls>("tls", "TLS."),
      option<&Settings::listeners>("listeners", "Where to listen."),
      option<&Settings::hosts>("hosts", "By host."),
      option<&Settings::policies>("policies", "The chain.",
                                  raw_schema([] { return R"({"type":"object"})"; })),
  };
  return rows;
}

struct Outcome {
  Settings settings;
  bool ok = false;
  std::vector<std::string> findings;
};

// run decodes `text`, in which an issuer need not be written.
Outcome run(std::string text) {
  Outcome outcome;
  Findings findings;
  if (text.find("issuer") == std::string::npos) text += "\nissuer: x\n";
  const auto node = parse_yaml(text, std::make_shared<const std::string>("/etc/a.yaml"), findings);
  if (node) outcome.ok = decode(*node, outcome.settings, findings);
  EXPECT_EQ(outcome.ok, !findings.has_errors()) << text;
  for (const Finding& finding : findings.all()) outcome.findings.push_back(finding.text());
  return outcome;
}

// error_of returns the only error's text after "/etc/a.yaml:1:".
std::string error_of(const std::string& text) {
  const Outcome outcome = run(text);
  if (outcome.findings.size() != 1) return std::to_string(outcome.findings.size()) + " findings";
  const std::string start = "/etc/a.yaml:1:";
  EXPECT_TRUE(outcome.findings[0].starts_with(start)) << outcome.findings[0];
  return outcome.findings[0].substr(start.size());
}

Settings settings_of(const std::string& text) {
  Outcome outcome = run(text);
  EXPECT_THAT(outcome.findings, IsEmpty()) << text;
  return std::move(outcome.settings);
}

TEST(Option, KeepsTheDefaultsOfWhatIsNotWritten) {
  const Settings s = settings_of("issuer: https://as.example");
  EXPECT_EQ(s.issuer, "https://as.example");
  EXPECT_EQ(s.max_age, Seconds(900));
  EXPECT_EQ(s.buffer.bytes, 16384u);
  EXPECT_TRUE(s.strict);
  EXPECT_FALSE(s.grace);
}

TEST(Option, DecodesEveryType) {
  const Settings s = settings_of(
      "{max_age: 15m, timeout: 1500ms, buffer: 64k, mode: observe, strict: false, port: 8443, "
      "offset: -5, share: 0.25, allow: [a, 'b'], ages: {x: 30s}, grace: 2h, name: n, "
      "tls: {certificate: c.pem, protocols: [http/1.1]}, listeners: [{certificate: /d.pem}], "
      "hosts: {a.b: {certificate: e.pem}}, policies: {bearer: {}}, issuer: x}");
  EXPECT_EQ(s.max_age, Seconds(900));
  EXPECT_EQ(s.timeout, Milliseconds(1500));
  EXPECT_EQ(s.buffer.bytes, 65536u);
  EXPECT_EQ(s.mode, Mode::observe);
  EXPECT_FALSE(s.strict);
  EXPECT_EQ(s.port, 8443);
  EXPECT_EQ(s.offset, -5);
  EXPECT_EQ(s.share, 0.25);
  EXPECT_THAT(s.allow, ElementsAre("a", "b"));
  EXPECT_EQ(s.ages.at("x"), Seconds(30));
  EXPECT_EQ(s.grace, Seconds(7200));
  EXPECT_EQ(*s.name, "n");
  EXPECT_EQ(s.name.node.path, "name");
  EXPECT_EQ(s.tls.certificate.path, "/etc/c.pem");
  EXPECT_THAT(s.tls.protocols, ElementsAre("http/1.1"));
  EXPECT_EQ(s.listeners.at(0).certificate.path, "/d.pem");
  EXPECT_EQ(s.hosts.at("a.b").certificate.path, "/etc/e.pem");
  EXPECT_NE(s.policies.node.find("bearer"), nullptr);
}

TEST(Option, RefusesUnknownNamesWithTheNearestOne) {
  EXPECT_EQ(error_of("max_agee: 15m"),
            "1: error: max_agee: unknown option; did you mean \"max_age\"?");
  EXPECT_EQ(error_of("tls: {certificate: c, zzzzzz: 1}"),
            "23: error: tls.zzzzzz: unknown option; known here: certificate or protocols");
}

TEST(Option, RefusesMissingNamesAndSaysWhatTheyAreFor) {
  EXPECT_EQ(error_of("{tls: {}, issuer: x}"), "7: error: tls.certificate: is missing: The chain.");
  EXPECT_EQ(run("port: 1\nissuerr: x\n").findings.size(), 2u);
}

TEST(Option, ReportsEveryMistakeAtItsPlace) {
  const auto findings = run("max_age: 15 minutes\nmode: watch\nlisteners:\n  - {}\n"
                            "  - certificate: [x]\n    protocols: [h2, h3]\n")
                            .findings;
  EXPECT_THAT(
      findings,
      ElementsAre("/etc/a.yaml:1:10: error: max_age: \"15 minutes\" is no duration: write 15m or "
                  "900s (the units are ms, s, m, h, d)",
                  "/etc/a.yaml:2:7: error: mode: \"watch\" is unknown; write one of enforce or "
                  "observe",
                  "/etc/a.yaml:4:5: error: listeners[0].certificate: is missing: The chain.",
                  "/etc/a.yaml:5:18: error: listeners[1].certificate: is a list: write a text",
                  "/etc/a.yaml:6:21: error: listeners[1].protocols[1]: \"h3\" is unknown; did you "
                  "mean \"h2\"?"));
}

TEST(Option, SaysWhatKindOfValueWasFound) {
  EXPECT_EQ(error_of("max_age: [1]"),
            "10: error: max_age: is a list: write a duration such as 15m or 900s");
  EXPECT_EQ(error_of("port: {a: 1}"),
            "7: error: port: is a mapping: write a whole number such as 10");
  EXPECT_EQ(error_of("buffer: []"), "9: error: buffer: is a list: write a size such as 16k or 8m");
  EXPECT_EQ(error_of("strict: []"), "9: error: strict: is a list: write true or false");
  EXPECT_EQ(error_of("share: []"), "8: error: share: is a list: write a number such as 0.5");
  EXPECT_EQ(error_of("mode: []"), "7: error: mode: is a list: write enforce or observe");
  EXPECT_EQ(error_of("allow: alice"),
            "8: error: allow: is a single value: write a list, such as [a, b], or [] for none");
  EXPECT_EQ(
      error_of("tls: c.pem"),
      "6: error: tls: is a single value: write a mapping, lines of \"name: value\", or {} for "
      "none");
  EXPECT_EQ(error_of("ages: [1s]"),
            "7: error: ages: is a list: write a mapping, lines of \"name: value\", or {} for none");
}

TEST(Option, RefusesNamesWithoutAValue) {
  EXPECT_EQ(error_of("max_age:"),
            "1: error: max_age: is empty: write a duration such as 15m or 900s");
  for (const auto* name :
       {"strict", "port", "share", "mode", "name", "grace", "allow", "ages", "tls"}) {
    EXPECT_THAT(error_of(std::string(name) + ": ~"), HasSubstr("is empty: write ")) << name;
  }
  EXPECT_EQ(error_of("allow: [~]"), "9: error: allow[0]: is empty: write a text");
}

TEST(Option, RefusesADocumentThatIsNoMapping) {
  Findings findings;
  Settings settings;
  const auto node = parse_yaml("[1]", std::make_shared<const std::string>("a"), findings);
  EXPECT_FALSE(decode(*node, settings, findings));
  EXPECT_THAT(findings.all().at(0).text(),
              HasSubstr("a:1:1: error: the document is a list: write"));
}

TEST(Option, ChecksLimitsAndNamesThem) {
  EXPECT_EQ(settings_of("max_age: 1s").max_age, Seconds(1));
  EXPECT_EQ(settings_of("max_age: 1h").max_age, Seconds(3600));
  EXPECT_EQ(error_of("max_age: 2h"), "10: error: max_age: \"2h\" is out of range: write 1s to 1h");
  EXPECT_EQ(error_of("max_age: 0s"), "10: error: max_age: \"0s\" is out of range: write 1s to 1h");
  EXPECT_EQ(error_of("buffer: 4095"), "9: error: buffer: \"4095\" is too small: write 4k or more");
  EXPECT_EQ(error_of("port: 0"), "7: error: port: \"0\" is too small: write 1 or more");
  EXPECT_EQ(error_of("offset: -6"), "9: error: offset: \"-6\" is out of range: write -5 to 5");
  EXPECT_EQ(error_of("share: 1.5"), "8: error: share: \"1.5\" is out of range: write 0 to 1");
  EXPECT_EQ(error_of("grace: 1s"), "8: error: grace: \"1s\" is too small: write 2s or more");
}

TEST(Option, ChecksLimitsOfEveryItem) {
  EXPECT_EQ(error_of("ages: {a: 30s, b: 2m}"),
            "19: error: ages.b: \"2m\" is out of range: write 1s to 1m");
}

TEST(Option, RefusesEmptyListsAndTextsWhereSomethingIsNeeded) {
  EXPECT_EQ(error_of("allow: []"), "8: error: allow: is empty: write at least one");
  EXPECT_EQ(error_of("name: ''"), "7: error: name: is empty: write at least one");
}

TEST(Option, SuggestsTheNearestNameOfAnEnum) {
  EXPECT_EQ(error_of("mode: observ"),
            "7: error: mode: \"observ\" is unknown; did you mean \"observe\"?");
  EXPECT_EQ(settings_of("mode: 'observe'").mode, Mode::observe);
}

TEST(Option, ReplacesDefaultListsWhole) {
  const Settings s = settings_of("tls: {certificate: c, protocols: []}");
  EXPECT_THAT(s.tls.protocols, IsEmpty());
}

TEST(Option, RemembersWhereAnAbsentOptionWouldStand) {
  const Settings s = settings_of("port: 1");
  EXPECT_EQ(s.name.node.path, "name");
  EXPECT_EQ(s.name.node.at.line, 1);
}

TEST(Option, CutsLongValuesInMessages) {
  const std::string error = error_of("mode: " + std::string(5000, 'x'));
  EXPECT_LT(error.size(), 200u);
  EXPECT_THAT(error, HasSubstr("xxx\"... is unknown; write one of"));
}

}  // namespace
}  // namespace sallyport::config
