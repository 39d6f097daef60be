// What every module promises, checked for all of them: see modules/README.md.

#include <algorithm>
#include <map>

#include "gateway/config/option.h"
#include "gateway/policy/chain.h"
#include "gateway/policy/inspection.h"
#include "gateway/policy/reasons.h"
#include "modules/modules.h"
#include "tests/contract/readme.h"
#include "tests/support/mmdb_writer.h"
#include "tests/support/policy_harness.h"
#include "tests/support/temp_dir.h"

namespace sallyport {
namespace {

using policy::Module;
using test::Call;
using test::Readme;

std::size_t count_of(const std::string& text, const std::string& piece) {
  std::size_t count = 0;
  for (auto at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) ++count;
  return count;
}

// is_sentence: help that an operator can read by itself.
bool is_sentence(std::string_view text) {
  return text.size() > 10 && (text.ends_with('.') || text.ends_with('?'));
}

// is_reason_of says whether `text` has the form of a reason's id: "module.lower_case_words".
bool is_reason_of(std::string_view module, std::string_view text) {
  if (!text.starts_with(module) || text.size() < module.size() + 3) return false;
  if (text[module.size()] != '.') return false;
  const std::string_view words = text.substr(module.size() + 1);
  return words.front() != '_' && words.back() != '_' &&
         std::ranges::all_of(words, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

// prefix_of is what the ids of a module's reasons begin with: its name. Ids never change, so those
// of oauth are of the module that they were in first.
std::string prefix_of(const Module& module) {
  return module.name == "oauth" ? "revocation" : std::string(module.name);
}

// documents says whether the README has the option, alone or as the end of a longer path.
bool documents(const Readme& readme, std::string_view option) {
  return std::ranges::any_of(readme.terms(), [&](const std::string& term) {
    return term == option || term.ends_with("." + std::string(option));
  });
}

void expect_documented(std::span<const config::Option> options, const Readme& readme) {
  for (const config::Option& option : options) {
    EXPECT_TRUE(is_sentence(option.help)) << option.name << ": " << option.help;
    EXPECT_TRUE(documents(readme, option.name)) << "the README lacks the option " << option.name;
    if (option.nested.options != nullptr) expect_documented(option.nested.options(), readme);
  }
}

// entry_in finds the module's chain entry: in a whole route, or in its policies alone.
const config::Node* entry_in(const config::Node& root, std::string_view module) {
  const auto* routes = root.find("routes");
  const bool has_route = routes != nullptr && !routes->items.empty();
  const auto* policies = has_route ? routes->items.front().find("policies") : root.find("policies");
  return policies != nullptr ? policies->find(module) : nullptr;
}

// Example is a module loaded from the example in its README, ready to judge on worker 0.
class Example {
 public:
  Example(const Module& module, policy::Mode mode) : context_(module.name) {
    folder_.write("partners.txt", "192.0.2.77\n");
    write_databases();
    context_.add_trust_store("plaid");
    const auto file = std::make_shared<const std::string>(folder_.file("test.yaml"));
    const auto root = config::parse_yaml(Readme(module.name).yaml(), file, context_.findings());
    const auto* own = root ? entry_in(*root, module.name) : nullptr;
    if (own == nullptr) return;
    const auto* modules = root->find("modules");
    if (const auto* shared = modules ? modules->find(module.name) : nullptr) {
      context_.set_shared(*shared);
    }
    plan_ = module.load(*own, context_);
    if (!plan_) return;
    policy::EntryOptions options;
    options.mode = mode;
    chain_.push_back({&module, plan_, options});
    attached_ = policy::attach(chain_, attach_);
  }

  bool is_loaded() const { return plan_ != nullptr; }
  std::string errors() const {
    std::string text;
    for (const auto& finding : context_.seen().all()) text += finding.text() + "\n";
    return text;
  }
  // inspect judges `call`; nothing while it waits.
  std::optional<policy::Inspection::Ending> inspect(Call& call) {
    std::optional<policy::Inspection::Ending> ending;
    policy::Inspection inspection(
        loop_, attached_, call.exchange(),
        [&](policy::Inspection::Ending told) { ending = std::move(told); });
    inspection.start();
    for (int turns = 0; !ending && turns < 100; ++turns) loop_.run_once();
    return ending;
  }
  // abandon begins to inspect and lets the client vanish at once.
  void abandon(Call& call) {
    policy::Inspection inspection(loop_, attached_, call.exchange(),
                                  [](policy::Inspection::Ending) {});
    inspection.start();
  }
  void settle() { loop_.run_once(); }

 private:
  void write_databases() const {
    const std::int64_t now = wall_now().unix_seconds();
    folder_.write(
        "country.mmdb",
        test::MmdbWriter("Test-Country").built(now).place("192.0.2.0/24", "US", "NA").bytes());
    folder_.write("asn.mmdb",
                  test::MmdbWriter("Test-ASN").built(now).asn("192.0.2.0/24", 64496).bytes());
  }

  test::TempDir folder_;
  event::Loop loop_;
  test::TestLoadContext context_;
  policy::AttachContext attach_{0, loop_};
  std::shared_ptr<const policy::Plan> plan_;
  policy::Chain chain_;
  policy::AttachedChain attached_;
};

constexpr int kTooOften = 1000;

// stranger is a call with nothing to show, from nowhere known.
Call& stranger(Call& call) { return call.from("203.0.113.9"); }

class EveryModule : public testing::TestWithParam<const Module*> {
 protected:
  const Module& module() const { return *GetParam(); }
  std::string name() const { return std::string(module().name); }
};

INSTANTIATE_TEST_SUITE_P(Modules, EveryModule,
                         testing::ValuesIn(all_modules().begin(), all_modules().end()),
                         [](const auto& of) { return std::string(of.param->name); });

TEST_P(EveryModule, SaysInASentenceWhatItIs) { EXPECT_TRUE(is_sentence(module().summary)); }

TEST_P(EveryModule, NamesItsReasonsAfterItself) {
  for (const policy::Reason* reason : module().reasons) {
    EXPECT_TRUE(is_reason_of(prefix_of(module()), reason->id)) << reason->id;
    EXPECT_TRUE(is_sentence(reason->help)) << reason->id << ": " << reason->help;
  }
}

TEST_P(EveryModule, WritesEachReasonInOnePlaceOnly) {
  const std::string source = test::source_of(name()) + test::shared_reasons();
  for (const policy::Reason* reason : module().reasons) {
    EXPECT_EQ(count_of(source, "\"" + std::string(reason->id) + "\""), 1u) << reason->id;
  }
}

TEST_P(EveryModule, ReachesEveryReasonInItsTests) {
  EXPECT_NE(test::tests_of(name()).find("require_every_reason(module)"), std::string::npos)
      << "no test of " << name() << " calls test::require_every_reason(module)";
}

TEST_P(EveryModule, DocumentsItsReasonsAndNoOthers) {
  const Readme readme(name());
  std::set<std::string> documented;
  for (const std::string& term : readme.terms()) {
    if (is_reason_of(prefix_of(module()), term)) documented.insert(term);
  }
  std::set<std::string> real;
  for (const policy::Reason* reason : module().reasons) real.emplace(reason->id);
  EXPECT_EQ(documented, real);
}

// is_word: lower case, as operators read it and scripts look for it.
bool is_word(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

TEST_P(EveryModule, ListsItsChecksInOrder) {
  const auto checks = module().checks;
  ASSERT_LE(checks.size(), policy::kMaxChecks);
  std::set<std::string_view> names;
  for (std::size_t place = 0; place < checks.size(); ++place) {
    EXPECT_EQ(checks[place].place, place) << checks[place].name;
    EXPECT_TRUE(is_word(checks[place].name)) << checks[place].name;
    EXPECT_TRUE(names.insert(checks[place].name).second) << checks[place].name << " is there twice";
  }
}

// `sallyport why` tells by the reason which check has failed.
TEST_P(EveryModule, HasACheckForEveryReasonIfItHasChecks) {
  if (module().checks.empty()) return;
  std::set<const policy::Reason*> of_checks;
  for (const policy::Check& check : module().checks) {
    of_checks.insert(check.reasons.begin(), check.reasons.end());
  }
  const std::set<const policy::Reason*> all(module().reasons.begin(), module().reasons.end());
  for (const auto* reason : all) EXPECT_TRUE(of_checks.contains(reason)) << reason->id;
  for (const auto* reason : of_checks) EXPECT_TRUE(all.contains(reason)) << reason->id;
}

TEST_P(EveryModule, DocumentsItsChecks) {
  const Readme readme(name());
  for (const policy::Check& check : module().checks) {
    const std::string row = "\n| `" + std::string(check.name) + "` | ";
    EXPECT_NE(readme.text().find(row), std::string::npos)
        << "the README has no row for the check " << check.name;
  }
}

TEST_P(EveryModule, DocumentsEveryOption) {
  const Readme readme(name());
  expect_documented(module().options, readme);
  expect_documented(module().shared_options, readme);
}

TEST_P(EveryModule, LeavesTheCommonOptionsToTheGateway) {
  for (const config::Option& common : policy::EntryOptions::options()) {
    for (const config::Option& own : module().options) EXPECT_NE(common.name, own.name);
  }
}

TEST_P(EveryModule, LoadsTheExampleOfItsReadme) {
  const Example example(module(), policy::Mode::enforce);
  EXPECT_TRUE(example.is_loaded()) << example.errors();
  EXPECT_EQ(example.errors(), "");
}

TEST_P(EveryModule, RefusesOptionsThatItDoesNotKnow) {
  test::PolicyHarness harness(module());
  EXPECT_FALSE(harness.load("no_such_option: 1"));
}

// Some modules refuse a stranger at the first call, some when it calls too often.
TEST_P(EveryModule, RefusesAStrangerWhenEnforced) {
  Example example(module(), policy::Mode::enforce);
  bool is_refused = false;
  for (int calls = 0; !is_refused && calls < kTooOften; ++calls) {
    Call call;
    const auto ending = example.inspect(stranger(call));
    ASSERT_TRUE(ending);
    is_refused = std::holds_alternative<policy::Deny>(*ending);
  }
  EXPECT_EQ(is_refused, !module().reasons.empty());
}

TEST_P(EveryModule, NeverRefusesWhenObserved) {
  Example example(module(), policy::Mode::observe);
  policy::Step last;
  for (int calls = 0; calls < kTooOften; ++calls) {
    Call call;
    const auto ending = example.inspect(stranger(call));
    ASSERT_TRUE(ending);
    EXPECT_TRUE(std::holds_alternative<policy::Permit>(*ending));
    ASSERT_EQ(call.exchange().trail.steps().size(), 1u);
    last = call.exchange().trail.steps().front();
  }
  EXPECT_EQ(last.module, &module());
  if (!module().reasons.empty()) {
    EXPECT_EQ(last.outcome, policy::Outcome::would_deny);
    EXPECT_NE(last.reason, nullptr);
  }
}

TEST_P(EveryModule, RefusesWithoutTheFactsThatItNeeds) {
  if (module().needs.empty()) return;
  Example example(module(), policy::Mode::enforce);
  Call call;
  const auto ending = example.inspect(call);
  ASSERT_TRUE(ending && std::holds_alternative<policy::Deny>(*ending));
  EXPECT_EQ(std::get<policy::Deny>(*ending).reason, &policy::reasons::kFactMissing);
}

TEST_P(EveryModule, LeavesNothingBehindWhenTheClientVanishes) {
  Example example(module(), policy::Mode::enforce);
  for (int i = 0; i < 3; ++i) {
    Call call;
    example.abandon(stranger(call));
  }
  example.settle();
}

TEST(Modules, AreExactlyTheFolders) {
  std::set<std::string> listed;
  for (const Module* module : all_modules()) listed.emplace(module->name);
  EXPECT_EQ(listed, test::module_folders());
  EXPECT_EQ(listed.size(), all_modules().size());
}

TEST(Modules, HaveReasonsThatAreUnique) {
  // Modules may share a reason (policy/revocations.h), but not its id alone.
  std::map<std::string_view, std::set<const policy::Reason*>> seen;
  for (const policy::Reason* reason : policy::reasons::all()) seen[reason->id].insert(reason);
  for (const Module* module : all_modules()) {
    for (const policy::Reason* reason : module->reasons) seen[reason->id].insert(reason);
  }
  for (const auto& [id, reasons] : seen) EXPECT_EQ(reasons.size(), 1U) << id;
}

TEST(Modules, AreInAnOrderThatGivesWhatIsNeeded) {
  std::set<policy::Fact> given;
  for (const Module* module : all_modules()) {
    for (const policy::Fact fact : module->needs) {
      EXPECT_TRUE(given.contains(fact)) << module->name << " needs " << policy::to_string(fact);
    }
    given.insert(module->gives.begin(), module->gives.end());
  }
}

TEST(Modules, AreAllInTheOverview) {
  const Readme overview("");
  for (const Module* module : all_modules()) {
    const std::string name(module->name);
    EXPECT_NE(overview.text().find("[" + name + "](" + name + "/README.md)"), std::string::npos)
        << name;
  }
}

}  // namespace
}  // namespace sallyport
