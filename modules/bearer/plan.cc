#include "modules/bearer/plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/clients/fetch_follow.h"
#include "gateway/clients/url.h"
#include "modules/bearer/key_source.h"

namespace sallyport::bearer {
namespace {

// decode_shared reads modules.bearer. Every chain entry does so; what is wrong is said once.
bool decode_shared(const config::Node& node, SharedSettings& to, config::Findings& findings) {
  config::Findings mine;
  const bool good = config::decode(node, to, mine);
  for (const config::Finding& finding : mine.all()) {
    const auto is_same = [&](const config::Finding& other) {
      return other.text() == finding.text();
    };
    if (std::none_of(findings.all().begin(), findings.all().end(), is_same)) findings.add(finding);
  }
  return good;
}

// IssuerLoader makes one issuer of its settings; `at` is the issuer's node.
class IssuerLoader {
 public:
  IssuerLoader(const config::Node& at, policy::LoadContext& context)
      : at_(at), context_(context), errors_before_(context.findings().error_count()) {}

  std::optional<Issuer> load(const std::string& name, const IssuerSettings& settings) {
    KeySourceSettings source{.name = name, .source = {}, .times = {}, .algorithms = {}};
    source.algorithms = settings.algorithms;
    source.times.refresh = settings.refresh;
    source.times.keep = settings.keep;
    source.times.max_bytes = kMaxJwksBytes;
    read_place(settings.jwks, source.source);
    if (source.source.url) check_times(settings);
    if (!source.source.ca_file.empty()) check_ca(source.source);
    if (!source.source.file.empty()) check_file(source);
    if (context_.findings().error_count() != errors_before_) return std::nullopt;
    const auto service = context_.service<KeySource>(
        source.key(), [&] { return std::make_shared<KeySource>(source); });
    return Issuer{name, settings, service->keys()};
  }

 private:
  const config::Node& jwks() const {
    const config::Node* node = at_.find("jwks");
    return node ? *node : at_;
  }

  void read_place(const JwksSettings& jwks_settings, clients::FollowSource& to) {
    if (jwks_settings.url.has_value() == !jwks_settings.file.empty()) {
      return context_.findings().error(jwks(), "name either a `file` or a `url`, and not both");
    }
    to.file = jwks_settings.file.path;
    to.ca_file = jwks_settings.ca.path;
    if (!jwks_settings.url) return;
    auto url = clients::Url::parse(*jwks_settings.url);
    if (!url) return context_.findings().error(*jwks().find("url"), url.error().text);
    if (auto allowed = clients::is_fetchable(*url); !allowed) {
      return context_.findings().error(*jwks().find("url"), allowed.error().text);
    }
    to.url = *std::move(url);
  }

  // check_times: keys must not be given up before it was time to fetch them anew.
  void check_times(const IssuerSettings& settings) {
    if (settings.keep > settings.refresh) return;
    const config::Node* node = at_.find("keep");
    context_.findings().error(node ? *node : at_, "`keep` must be longer than `refresh`");
  }

  void check_ca(const clients::FollowSource& source) {
    const config::Node& at = *jwks().find("ca");
    if (!source.url || !source.url->is_secure) {
      return context_.findings().error(at, "`ca` is for keys at an https `url`");
    }
    const auto usable = clients::outbound_tls(source.ca_file, wall_now());
    if (!usable) context_.findings().error(at, usable.error().text);
  }

  // check_file finds out now what would otherwise be found out after the start.
  void check_file(const KeySourceSettings& source) {
    const config::Node& at = *jwks().find("file");
    const auto document = clients::read_document(source.source.file, kMaxJwksBytes);
    if (!document) return context_.findings().error(at, document.error().text);
    const auto keys = parse_jwks(*document, source.algorithms, 0);
    if (!keys) return context_.findings().error(at, keys.error().text);
    for (const SkippedKey& skipped : keys->skipped()) {
      std::string text = "key " + (skipped.id.empty() ? "(without kid)" : skipped.id);
      context_.findings().warning(at, text.append(" is not used: ").append(skipped.why));
    }
  }

  const config::Node& at_;
  policy::LoadContext& context_;
  const std::size_t errors_before_;
};

// check_distinct: two issuers with one "iss" would make it a matter of chance whose keys count.
void check_distinct(const config::Node& issuers, const SharedSettings& shared,
                    config::Findings& findings) {
  std::set<std::string_view> seen;
  for (const auto& [name, settings] : shared.issuers) {
    if (seen.insert(settings.issuer).second) continue;
    const config::Node* node = issuers.find(name);
    findings.error(node ? *node : issuers, "another issuer has the same `issuer`");
  }
}

// chosen_names returns the entry's issuers, all of them known, or nothing after an error.
std::vector<std::string> chosen_names(const config::Node& node, const EntrySettings& entry,
                                      const SharedSettings& shared, config::Findings& findings) {
  std::vector<std::string_view> known;
  for (const auto& [name, settings] : shared.issuers) known.push_back(name);
  if (entry.issuers.empty()) {
    if (known.size() == 1) return {std::string(known.front())};
    findings.error(node, "modules.bearer has several issuers: say which with `issuers`");
    return {};
  }
  for (const std::string& name : entry.issuers) {
    if (shared.issuers.contains(name)) continue;
    std::string text = "\"" + name + "\" is not under modules.bearer.issuers";
    const std::string_view near = closest(name, known.data(), known.size());
    if (!near.empty()) text.append("; did you mean \"").append(near).append("\"?");
    findings.error(*node.find("issuers"), std::move(text));
    return {};
  }
  return entry.issuers;
}

}  // namespace

const Issuer* BearerPlan::issuer_named(std::string_view iss) const {
  for (const Issuer& issuer : issuers) {
    if (issuer.settings.issuer == iss) return &issuer;
  }
  return nullptr;
}

const Issuer* BearerPlan::issuer_with(const IssuerKeys* keys) const {
  for (const Issuer& issuer : issuers) {
    if (issuer.keys.get() == keys) return &issuer;
  }
  return nullptr;
}

std::shared_ptr<const policy::Plan> load_plan(const config::Node& node,
                                              policy::LoadContext& context) {
  config::Findings& findings = context.findings();
  auto plan = std::make_shared<BearerPlan>();
  const bool entry_is_good = config::decode(node, plan->entry, findings);
  const config::Node* shared_node = context.shared_node("bearer");
  if (shared_node == nullptr) {
    findings.error(node, "there are no issuers: name at least one under modules.bearer.issuers");
    return nullptr;
  }
  SharedSettings shared;
  if (!decode_shared(*shared_node, shared, findings) || !entry_is_good) return nullptr;

  const std::size_t errors_before = findings.error_count();
  const config::Node& issuers = *shared_node->find("issuers");
  check_distinct(issuers, shared, findings);
  for (const std::string& name : chosen_names(node, plan->entry, shared, findings)) {
    auto issuer = IssuerLoader(*issuers.find(name), context).load(name, shared.issuers.at(name));
    if (issuer) plan->issuers.push_back(*std::move(issuer));
  }
  if (findings.error_count() != errors_before) return nullptr;
  plan->token_limit = shared.token_limit.bytes;
  plan->cache_entries = shared.cache_entries;
  plan->cache_bytes = shared.cache_limit.bytes;
  return plan;
}

}  // namespace sallyport::bearer
