#include "modules/geo/plan.h"

#include <algorithm>
#include <utility>

#include "gateway/config/option.h"
#include "modules/geo/countries.h"
#include "modules/geo/database_source.h"

namespace sallyport::geo {
namespace {

constexpr std::size_t kMaxTags = 16;
constexpr std::size_t kMaxTagName = 32;

bool is_tag_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxTagName && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

// add_once: every chain entry reads modules.geo and its files; what is wrong there is said once.
void add_once(const config::Finding& finding, config::Findings& findings) {
  const auto is_same = [&](const config::Finding& other) { return other.text() == finding.text(); };
  if (std::ranges::none_of(findings.all(), is_same)) findings.add(finding);
}

// PlanLoader reads one chain entry at `node`, which uses the databases that `shared` names.
class PlanLoader {
 public:
  PlanLoader(const config::Node& node, const config::Node& shared, policy::LoadContext& context)
      : node_(node), shared_(shared), context_(context), findings_(context.findings()) {}

  std::shared_ptr<const GeoPlan> load() {
    const std::size_t before = findings_.error_count();
    EntrySettings entry;
    SharedSettings common;
    const bool is_read = config::decode(node_, entry, findings_);
    if (!decode_shared(common) || !is_read) return nullptr;
    read_rules(entry);
    plan_->places = open(DatabaseKind::country, common.databases.country, common);
    plan_->asns = open(DatabaseKind::asn, common.databases.asn, common);
    check_databases(common);
    plan_->unknown =
        entry.unknown.value_or(plan_->allow.is_empty() ? Unknown::allow : Unknown::deny);
    plan_->even_allowlisted = entry.even_allowlisted;
    return findings_.error_count() > before ? nullptr : std::move(plan_);
  }

 private:
  bool decode_shared(SharedSettings& to) {
    config::Findings mine;
    const bool is_read = config::decode(shared_, to, mine);
    for (const config::Finding& finding : mine.all()) add_once(finding, findings_);
    return is_read;
  }

  void read_rules(const EntrySettings& entry) {
    // An empty list is no list; who wrote it meant something.
    if (const auto* at = node_.find("allow")) plan_->allow = read_rule(entry.allow, *at);
    if (const auto* at = node_.find("deny")) plan_->deny = read_rule(entry.deny, *at);
    const auto* tags = node_.find("tag");
    if (entry.tag.size() > kMaxTags) {
      findings_.error(*tags, "has more than " + std::to_string(kMaxTags) + " rules");
    }
    for (const auto& [name, settings] : entry.tag) {
      const config::Node& at = *tags->find(name);
      if (!is_tag_name(name)) {
        findings_.error(at, "a tag's name has 1 to 32 of a-z, 0-9, \"_\" and \"-\"");
      }
      plan_->tags.push_back({name, read_rule(settings, at)});
    }
  }

  Rule read_rule(const RuleSettings& settings, const config::Node& at) {
    Rule rule;
    for (const auto& code : settings.countries) {
      if (is_country(*code)) {
        rule.add_country(*code);
      } else {
        findings_.error(code.node, country_problem(*code));
      }
    }
    for (const auto& code : settings.continents) {
      if (is_continent(*code)) {
        rule.add_continent(*code);
      } else {
        findings_.error(code.node, continent_problem(*code));
      }
    }
    for (const std::uint32_t asn : settings.asns) rule.add_asn(asn);
    if (settings.countries.empty() && settings.continents.empty() && settings.asns.empty()) {
      findings_.error(at, "names nothing: write `countries`, `continents` or `asns`");
    }
    return rule;
  }

  std::shared_ptr<const event::Live<Database>> open(DatabaseKind kind, const config::File& file,
                                                    const SharedSettings& common) {
    if (file.empty()) return nullptr;
    const DatabaseSourceSettings settings{kind, file.path, common.max_size.bytes, common.max_age,
                                          common.check_every};
    const auto source = context_.service<DatabaseSource>(
        settings.key(), [&] { return std::make_shared<DatabaseSource>(settings); });
    // A reload goes on with the database that is in use, whatever has become of its file.
    const auto severity = source->is_usable() ? config::Severity::warning : config::Severity::error;
    const config::Node& at = *shared_.find("databases")->find(to_string(kind));
    for (const std::string& problem : source->problems()) {
      add_once({severity, at.at, at.path, problem}, findings_);
    }
    return source->live();
  }

  void check_databases(const SharedSettings& common) {
    if (common.databases.country.empty() && common.databases.asn.empty()) {
      add_once({config::Severity::error, shared_.at, shared_.path + ".databases",
                "names no file: write `country`, `asn` or both"},
               findings_);
      return;
    }
    const auto asks = [&](bool (Rule::*what)() const) {
      return (plan_->allow.*what)() || (plan_->deny.*what)() ||
             std::ranges::any_of(plan_->tags, [&](const Tag& tag) { return (tag.rule.*what)(); });
    };
    if (!plan_->places && asks(&Rule::asks_place)) {
      findings_.error(node_,
                      "has rules for countries or continents: name a database that knows "
                      "them, `modules.geo.databases.country`");
    }
    if (!plan_->asns && asks(&Rule::asks_asn)) {
      findings_.error(node_,
                      "has rules for ASNs: name a database that knows them, "
                      "`modules.geo.databases.asn`");
    }
  }

  const config::Node& node_;
  const config::Node& shared_;
  policy::LoadContext& context_;
  config::Findings& findings_;
  std::shared_ptr<GeoPlan> plan_ = std::make_shared<GeoPlan>();
};

}  // namespace

std::shared_ptr<const policy::Plan> load_plan(const config::Node& node,
                                              policy::LoadContext& context) {
  const config::Node* shared = context.shared_node("geo");
  if (shared == nullptr) {
    context.findings().error(node, "needs a database: write `modules.geo.databases`");
    return nullptr;
  }
  return PlanLoader(node, *shared, context).load();
}

}  // namespace sallyport::geo
