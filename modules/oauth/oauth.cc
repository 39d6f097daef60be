#include "modules/oauth/oauth.h"

#include <array>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/config/option.h"
#include "modules/oauth/checks.h"
#include "modules/oauth/endpoint_plan.h"
#include "modules/oauth/oauth_request.h"
#include "modules/oauth/revocation_endpoint.h"
#include "modules/oauth/settings.h"
#include "modules/oauth/token_endpoint.h"

namespace sallyport::oauth {
namespace {

constexpr std::array<policy::Fact, 1> kNeeds = {policy::Fact::revocations};
const auto kReasons = policy::reasons_of(all_checks());

// check_query says whether the entry's `query` is good; if not, why is among the findings.
bool check_query(const config::Node& node, const EntrySettings& entry, config::Findings& findings) {
  if (entry.query.empty()) return true;
  std::string text = check_query_option(entry.query);
  if (text.empty()) return true;
  findings.error(*node.find("query"), std::move(text));
  return false;
}

// server_of returns the settings of the entry's server; null after a finding.
const ServerSettings* server_of(const config::Node& node, const EntrySettings& entry,
                                const SharedSettings& shared, config::Findings& findings) {
  const auto found = shared.authorization_servers.find(entry.server);
  if (found != shared.authorization_servers.end()) return &found->second;
  std::vector<std::string_view> names;
  for (const auto& [name, server] : shared.authorization_servers) names.push_back(name);
  std::string text = "\"" + entry.server + "\" is not under modules.oauth.authorization_servers";
  const std::string_view near = closest(entry.server, names.data(), names.size());
  if (!near.empty()) text += " (did you mean \"" + std::string(near) + "\"?)";
  findings.error(*node.find("server"), std::move(text));
  return nullptr;
}

std::shared_ptr<GrantLedger::Door> ledger_of(const GrantSettings& grants,
                                             policy::LoadContext& context) {
  // The folder alone is the key: it has one owner, and a change of anything else must not need it
  // twice while the old configuration is still in use.
  return context
      .service<GrantLedger>(grants.path.path,
                            [&] {
                              return std::make_shared<GrantLedger>(
                                  grants.path.path, grants.max_size.bytes,
                                  Clock{read_clocks, grants.clock_trial});
                            })
      ->door();
}

std::shared_ptr<const policy::Plan> load(const config::Node& node, policy::LoadContext& context) {
  config::Findings& findings = context.findings();
  EntrySettings entry;
  if (!config::decode(node, entry, findings)) return nullptr;
  const config::Node* shared_node = context.shared_node("oauth");
  if (shared_node == nullptr) {
    findings.error(node,
                   "needs `modules.oauth.authorization_servers` and `modules.oauth.grants.path`");
    return nullptr;
  }
  SharedSettings shared;
  if (!config::decode(*shared_node, shared, findings)) return nullptr;
  const ServerSettings* server = server_of(node, entry, shared, findings);
  if (!check_query(node, entry, findings) || server == nullptr) return nullptr;
  auto plan = std::make_shared<EndpointPlan>();
  plan->kind = entry.kind;
  plan->issuer = server->issuer;
  plan->query = entry.query;
  plan->terms = {shared.grants.keep, shared.grants.max_entries};
  plan->ledger = ledger_of(shared.grants, context);
  plan->counts =
      context.service<AnswerService>("", [] { return std::make_shared<AnswerService>(); })
          ->counts();
  return plan;
}

std::unique_ptr<policy::Policy> attach(std::shared_ptr<const policy::Plan> plan,
                                       policy::AttachContext& context) {
  auto own = std::static_pointer_cast<const EndpointPlan>(std::move(plan));
  switch (own->kind) {
    case Kind::token:
      return std::make_unique<TokenEndpoint>(std::move(own), context.loop());
    case Kind::revocation:
      break;
  }
  return std::make_unique<RevocationEndpoint>(std::move(own), context.loop());
}

}  // namespace

const policy::Module module{
    .name = "oauth",
    .summary = "Guards the token and revocation endpoints of an authorization server.",
    .shared_options = SharedSettings::options(),
    .options = EntrySettings::options(),
    .reasons = kReasons,
    .checks = all_checks(),
    .needs = kNeeds,
    .gives = {},
    .load = load,
    .attach = attach,
};

}  // namespace sallyport::oauth
