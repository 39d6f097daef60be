#include "modules/scope/scope.h"
#include "gateway/config/option.h"
#include "gateway/policy/facts.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sallyport::scope {
namespace {

using policy::ErrorClass;
using policy::Exchange;
using policy::Reason;
using policy::Verdict;

constexpr Reason kMissing{"scope.missing", ErrorClass::insufficient_scope,
                          "The token is good and lacks a scope of this route. The client must ask "
                          "its user for it, or the route asks for too much."};
constexpr std::array<const Reason*, 1> kReasons = {&kMissing};
constexpr std::array<policy::Fact, 1> kNeeds = {policy::Fact::token};

struct Settings {
  std::vector<config::At<std::string>> require;
  std::vector<config::At<std::string>> any_of;
  static std::span<const config::Option> options();
};

std::span<const config::Option> Settings::options() {
  static const std::array rows{
      config::option<&Settings::require>("require",
                                         "Scopes that the token must have, all of them."),
      config::option<&Settings::any_of>(
          "any_of",
          "Scopes of which the token must have one. A client that lacks them all is told "
          "to ask for the first."),
  };
  return rows;
}

struct ScopePlan final : policy::Plan {
  std::vector<std::string> require;
  std::vector<std::string> any_of;
  std::string hint;  // what a client that lacks something is told to ask for
};

class ScopePolicy final : public policy::Policy {
 public:
  explicit ScopePolicy(std::shared_ptr<const ScopePlan> plan) : plan_(std::move(plan)) {}

  Verdict on_request(Exchange& exchange) override {
    const auto& scopes = exchange.facts.token->claims().scopes;
    const auto has = [&](std::string_view wanted) {
      return std::ranges::find(scopes, wanted) != scopes.end();
    };
    for (const std::string& wanted : plan_->require) {
      if (!has(wanted)) return refuse(wanted, exchange);
    }
    if (!plan_->any_of.empty() && std::ranges::none_of(plan_->any_of, has)) {
      return refuse(plan_->any_of.front(), exchange);
    }
    return policy::allow();
  }

 private:
  Verdict refuse(std::string_view missing, Exchange& exchange) const {
    const policy::TokenClaims& claims = exchange.facts.token->claims();
    return policy::deny(kMissing,
                        policy::evidence(exchange, "missing={} client_id={} scope=\"{}\"", missing,
                                         claims.client_id, claims.scope_text),
                        policy::MissingScope{plan_->hint});
  }

  std::shared_ptr<const ScopePlan> plan_;
};

// is_scope_token follows RFC 6749 section 3.3.
bool is_scope_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != '\\';
  });
}

std::vector<std::string> checked(const std::vector<config::At<std::string>>& scopes,
                                 config::Findings& findings) {
  std::vector<std::string> all;
  for (const auto& scope : scopes) {
    if (is_scope_token(*scope)) {
      all.push_back(*scope);
    } else {
      findings.error(scope.node, "\"" + *scope +
                                     "\" is no scope: write one word an entry, without "
                                     "spaces, quotation marks or backslashes");
    }
  }
  return all;
}

std::shared_ptr<const policy::Plan> load(const config::Node& node, policy::LoadContext& context) {
  config::Findings& findings = context.findings();
  Settings settings;
  if (!config::decode(node, settings, findings)) return nullptr;
  const std::size_t before = findings.error_count();
  if (settings.require.empty() && settings.any_of.empty()) {
    findings.error(node, "names no scope; write `require` or `any_of`, or leave the policy out");
  }
  auto plan = std::make_shared<ScopePlan>();
  plan->require = checked(settings.require, findings);
  plan->any_of = checked(settings.any_of, findings);
  if (findings.error_count() > before) return nullptr;
  for (const std::string& scope : plan->require) {
    plan->hint += (plan->hint.empty() ? "" : " ") + scope;
  }
  if (!plan->any_of.empty()) plan->hint += (plan->hint.empty() ? "" : " ") + plan->any_of.front();
  return plan;
}

std::unique_ptr<policy::Policy> attach(std::shared_ptr<const policy::Plan> plan,
                                       policy::AttachContext&) {
  return std::make_unique<ScopePolicy>(std::static_pointer_cast<const ScopePlan>(plan));
}

}  // namespace

const policy::Module module{
    .name = "scope",
    .summary = "Lets a request pass only if its token has the scopes of this route.",
    .shared_options = {},
    .options = Settings::options(),
    .reasons = kReasons,
    .needs = kNeeds,
    .gives = {},
    .load = load,
    .attach = attach,
};

}  // namespace sallyport::scope
