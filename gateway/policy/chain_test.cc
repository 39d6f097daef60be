#include "gateway/policy/chain.h"

#include <gtest/gtest.h>

#include <map>

namespace sallyport::policy {
namespace {

// What each module heard at load: whether a later policy needs the token.
std::map<std::string, bool, std::less<>>& heard() {
  static std::map<std::string, bool, std::less<>> all;
  return all;
}

struct EmptyPlan final : Plan {};
class EmptyPolicy final : public Policy {
  Verdict on_request(Exchange&) override { return allow(); }
};

std::shared_ptr<const Plan> load(const config::Node& node, LoadContext& context) {
  heard()[node.path.substr(node.path.rfind('.') + 1)] = context.is_needed(Fact::token);
  return std::make_shared<EmptyPlan>();
}
std::unique_ptr<Policy> attach_empty(std::shared_ptr<const Plan>, AttachContext&) {
  return std::make_unique<EmptyPolicy>();
}

constexpr std::array<Fact, 1> kToken = {Fact::token};
Module module_of(std::string_view name, std::span<const Fact> needs, std::span<const Fact> gives) {
  return {.name = name,
          .summary = {},
          .shared_options = {},
          .options = {},
          .reasons = {},
          .needs = needs,
          .gives = gives,
          .load = load,
          .attach = attach_empty};
}

class Context final : public LoadContext {
 public:
  config::Findings& findings() override { return found; }
  const config::Node* shared_node(std::string_view) const override { return nullptr; }
  bool trust_store_exists(std::string_view) const override { return false; }
  std::vector<IssuerTerms> issuer_terms() const override { return {}; }
  bool is_production() const override { return false; }
  config::Findings found;

 protected:
  std::shared_ptr<Service> find_or_make(
      std::type_index, const std::string&,
      const std::function<std::shared_ptr<Service>()>& make) override {
    return make();
  }
};

// loads reads a chain of the modules "giver" and "taker", in this order.
std::string loads(std::string_view yaml) {
  const Module giver = module_of("giver", {}, kToken);
  const Module taker = module_of("taker", kToken, {});
  const std::array<const Module*, 2> modules = {&giver, &taker};
  Context context;
  heard().clear();
  const auto node =
      config::parse_yaml(yaml, std::make_shared<const std::string>("test.yaml"), context.found);
  load_chain(*node, modules, context);
  std::string text;
  for (const auto& finding : context.found.all()) text += finding.text() + "\n";
  return text;
}

TEST(Chain, TellsAPolicyWhetherALaterOneNeedsItsFact) {
  EXPECT_EQ(loads("taker: {}\ngiver: {}"), "");
  EXPECT_TRUE(heard().at("giver"));
  EXPECT_FALSE(heard().at("taker")) << "nothing comes after it";
  EXPECT_EQ(loads("giver: {}"), "");
  EXPECT_FALSE(heard().at("giver"));
}

TEST(Chain, RefusesAPolicyWithoutTheFactThatItNeeds) {
  EXPECT_NE(loads("taker: {}").find("needs a token, which no policy before it"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::policy
