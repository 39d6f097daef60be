#include "modules/bearer/plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/clients/fetch_follow.h"
#include "gateway/clients/url.h"
#include "gateway/config/option.h"
#include "modules/bearer/key_source.h"
#include "modules/bearer/opaque_issuer.h"
#include "modules/bearer/printable.h"

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
  IssuerLoader(const config::Node& at, const SharedSettings& shared, policy::LoadContext& context)
      : at_(at),
        shared_(shared),
        context_(context),
        errors_before_(context.findings().error_count()) {}

  std::optional<Issuer> load(const std::string& name, const IssuerSettings& settings) {
    Issuer issuer;
    issuer.name = name;
    issuer.settings = settings;
    issuer.keys = settings.jwks ? follow_keys(name, settings) : without_keys(name, settings);
    if (context_.findings().error_count() != errors_before_) return std::nullopt;
    if (settings.introspection) issuer.introspection = load_introspection(*settings.introspection);
    if (context_.findings().error_count() != errors_before_) return std::nullopt;
    return issuer;
  }

 private:
  const config::Node& jwks() const {
    const config::Node* node = at_.find("jwks");
    return node ? *node : at_;
  }

  // follow_keys returns null after an error.
  std::shared_ptr<const IssuerKeys> follow_keys(const std::string& name,
                                                const IssuerSettings& settings) {
    if (settings.algorithms.empty()) {
      context_.findings().error(
          at_, "`algorithms` is missing: the signature algorithms to accept; there is no default");
    }
    KeySourceSettings source;
    source.name = name;
    source.algorithms = settings.algorithms;
    source.known = context_.is_production() ? KnownKeys::refuse : KnownKeys::use;
    source.times.refresh = settings.refresh;
    source.times.least_refresh = settings.refresh_min;
    source.times.most_refresh = settings.refresh_max;
    source.times.keep = settings.keep;
    source.times.max_bytes = kMaxJwksBytes;
    read_place(*settings.jwks, source.source);
    if (source.source.url) check_times(settings);
    if (!source.source.ca_file.empty()) check_ca(source.source);
    if (!source.source.file.empty()) check_file(source);
    if (context_.findings().error_count() != errors_before_) return nullptr;
    const std::string& folder = shared_.key_ledger.path;
    const auto watch =
        context_.service<KeyWatch>(folder, [&] { return std::make_shared<KeyWatch>(folder); });
    const auto service = context_.service<KeySource>(
        source.key() + "\n" + folder, [&] { return std::make_shared<KeySource>(source, watch); });
    return service->keys();
  }

  // without_keys: nothing that the issuer has signed can be checked, so it must be asked.
  std::shared_ptr<const IssuerKeys> without_keys(const std::string& name,
                                                 const IssuerSettings& settings) {
    if (!settings.introspection) {
      context_.findings().error(at_,
                                "needs `jwks`, where its keys are, or `introspection`, where to "
                                "ask about its tokens, or both");
      return nullptr;
    }
    return context_
        .service<OpaqueIssuer>(name, [&] { return std::make_shared<OpaqueIssuer>(name); })
        ->keys();
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
    const auto error = [&](std::string_view option, std::string text) {
      const config::Node* node = at_.find(option);
      context_.findings().error(node ? *node : at_, std::move(text));
    };
    if (settings.refresh_min > settings.refresh_max) {
      error("refresh_max", "`refresh_max` must not be shorter than `refresh_min`");
    }
    if (settings.keep <= settings.refresh) error("keep", "`keep` must be longer than `refresh`");
    if (settings.keep <= settings.refresh_max) {
      error("keep", "`keep` must be longer than `refresh_max`");
    }
  }

  void check_ca(const clients::FollowSource& source) {
    const config::Node& at = *jwks().find("ca");
    if (!source.url || !source.url->is_secure) {
      return context_.findings().error(at, "`ca` is for keys at an https `url`");
    }
    const auto usable = clients::outbound_tls(source.ca_file, wall_now());
    if (!usable) context_.findings().error(at, usable.error().text);
  }

  // load_introspection reads what workers need, and checks that we can prove who we are.
  std::shared_ptr<const IntrospectionPlan> load_introspection(const IntrospectionSettings& from) {
    const config::Node& node = *at_.find("introspection");
    const auto error = [&](std::string_view option, std::string text) {
      const config::Node* at = node.find(option);
      context_.findings().error(at ? *at : node, std::move(text));
    };
    auto plan = std::make_shared<IntrospectionPlan>();
    plan->settings = from;
    auto url = clients::Url::parse(from.url);
    if (!url) {
      error("url", url.error().text);
      return nullptr;
    }
    if (auto allowed = clients::is_fetchable(*url); !allowed) error("url", allowed.error().text);
    const bool is_mtls = from.auth == ClientAuth::mtls;
    if (is_mtls != !from.client_secret) {
      error("client_secret", is_mtls ? "tls_client_auth needs no `client_secret`"
                                     : "needs `client_secret`, a reference such as file:PATH");
    }
    if (from.certificate.empty() != from.key.empty() || (is_mtls && from.certificate.empty())) {
      error("certificate", "`certificate` and `key` go together, and tls_client_auth needs them");
    }
    if (url->is_secure && context_.findings().error_count() == errors_before_) {
      auto tls = clients::load_outbound(
          {.ca = from.ca.path, .certificate = from.certificate.path, .key = from.key.path},
          wall_now());
      if (!tls) error("ca", tls.error().text);
      if (tls) plan->tls = *std::move(tls);
    }
    plan->url = *std::move(url);
    return plan;
  }

  // check_file finds out now what would otherwise be found out after the start.
  void check_file(const KeySourceSettings& source) {
    const config::Node& at = *jwks().find("file");
    const auto document = clients::read_document(source.source.file, kMaxJwksBytes);
    if (!document) return context_.findings().error(at, document.error().text);
    const auto keys = read_jwks(*document, source.algorithms, source.known);
    if (!keys) return context_.findings().error(at, keys.error().text);
    if (keys->keys.empty()) {
      return context_.findings().error(at, no_usable_key(*keys).text);
    }
    for (const SkippedKey& skipped : keys->skipped) {
      std::string text = "key " + (skipped.id.empty() ? "(without kid)" : skipped.id);
      context_.findings().warning(at, text.append(" is not used: ").append(skipped.why));
    }
    for (const Key& key : keys->keys) {
      if (key.known_from.empty()) continue;
      context_.findings().warning(at, "key " + std::string(printable(key.id)) +
                                          " would be refused in production: everybody can read its "
                                          "private half: " +
                                          std::string(key.known_from));
    }
  }

  const config::Node& at_;
  const SharedSettings& shared_;
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

// settle writes down what holds for the issuer in this chain.
void settle(const EntrySettings& entry, const config::Node& node, Issuer& issuer,
            config::Findings& findings) {
  const auto& audience = entry.audience ? entry.audience : issuer.settings.audience;
  if (audience) issuer.audience = *audience;
  issuer.max_age = entry.max_age.value_or(issuer.settings.max_age);
  issuer.max_age_rule = entry.max_age_rule.value_or(issuer.settings.max_age_rule);
  if (!issuer.audience.empty()) return;
  findings.error(node, "there is no `audience` for the tokens of \"" + issuer.name +
                           "\": name one here, or under modules.bearer.issuers");
}

// check_one_introspects: an opaque token does not say whose it is.
void check_one_introspects(const config::Node& node, const BearerPlan& plan,
                           config::Findings& findings) {
  const auto count =
      std::count_if(plan.issuers.begin(), plan.issuers.end(),
                    [](const Issuer& issuer) { return issuer.introspection != nullptr; });
  if (count < 2) return;
  findings.error(node,
                 "several issuers of this chain have `introspection`, and an opaque token does "
                 "not say whose it is: choose with `issuers`");
}

void check_origin(const config::Node& node, const DpopSettings& dpop, config::Findings& findings) {
  if (dpop.origin.empty()) return;
  const auto url = clients::Url::parse(dpop.origin);
  if (url && (url->target == "/" || url->target.empty()) && !dpop.origin.ends_with('/')) return;
  findings.error(*node.find("dpop")->find("origin"),
                 "must be scheme and host only, such as https://api.bank.example");
}

void set_up_dpop(const SharedSettings& shared, policy::LoadContext& context, BearerPlan& plan) {
  const unsigned entries = shared.dpop_proofs;
  plan.dpop = context
                  .service<DpopService>(std::to_string(entries),
                                        [&] { return std::make_shared<DpopService>(entries); })
                  ->state();
  std::set<Algorithm> told;  // EdDSA has two names
  for (const Algorithm algorithm : plan.entry.dpop.algorithms) {
    if (!told.insert(algorithm).second) continue;
    if (!plan.dpop_algorithms.empty()) plan.dpop_algorithms += ' ';
    plan.dpop_algorithms += to_string(algorithm);
  }
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

const Issuer* BearerPlan::introspecting() const {
  for (const Issuer& issuer : issuers) {
    if (issuer.introspection != nullptr) return &issuer;
  }
  return nullptr;
}

std::vector<policy::IssuerTerms> issuers_of(const config::Node& shared) {
  SharedSettings settings;
  config::Findings ignored;
  config::decode(shared, settings, ignored);
  std::vector<policy::IssuerTerms> all;
  for (const auto& [name, one] : settings.issuers) {
    all.push_back({.name = name,
                   .issuer = one.issuer,
                   .leeway = one.leeway,
                   .has_consents = !one.consent_id_claim.empty(),
                   .has_opaque = one.introspection.has_value()});
  }
  return all;
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
    auto issuer =
        IssuerLoader(*issuers.find(name), shared, context).load(name, shared.issuers.at(name));
    if (!issuer) continue;
    settle(plan->entry, node, *issuer, findings);
    plan->issuers.push_back(*std::move(issuer));
  }
  check_origin(node, plan->entry.dpop, findings);
  check_one_introspects(node, *plan, findings);
  if (findings.error_count() != errors_before) return nullptr;
  set_up_dpop(shared, context, *plan);
  if (plan->introspecting() != nullptr) {
    plan->sightings =
        context
            .service<SightingService>(
                "", [] { return std::make_shared<SightingService>(wall_now().unix_seconds()); })
            ->table();
  }
  plan->token_limit = shared.token_limit.bytes;
  plan->cache_entries = shared.cache_entries;
  plan->cache_bytes = shared.cache_limit.bytes;
  plan->cache_gauges = context
                           .service<CacheService>(
                               std::to_string(shared.cache_entries),
                               [&] { return std::make_shared<CacheService>(shared.cache_entries); })
                           ->gauges();
  return plan;
}

}  // namespace sallyport::bearer
