#include "gateway/policy/chain.h"

#include <algorithm>
#include <string>

#include "gateway/base/text.h"
#include "gateway/config/option.h"

namespace sallyport::policy {
namespace {

const Module* find_module(std::span<const Module* const> modules, std::string_view name) {
  const auto found = std::find_if(modules.begin(), modules.end(),
                                  [&](const Module* module) { return module->name == name; });
  return found == modules.end() ? nullptr : *found;
}

void report_unknown(const config::Node& node, std::string_view name,
                    std::span<const Module* const> modules, config::Findings& findings) {
  std::vector<std::string_view> names;
  for (const Module* module : modules) names.push_back(module->name);
  std::string message = "there is no policy \"" + std::string(name) + "\"";
  const std::string_view near = closest(name, names.data(), names.size());
  if (!near.empty()) message += " (did you mean \"" + std::string(near) + "\"?)";
  findings.error(node, message);
}

// split takes the common options out of an entry's mapping: the module never sees them.
std::pair<config::Node, config::Node> split(const config::Node& node) {
  config::Node common = node;
  config::Node own = node;
  if (!node.is_mapping()) {
    common.kind = config::Node::Kind::mapping;
    if (node.is_null()) own.kind = config::Node::Kind::mapping;
    return {std::move(common), std::move(own)};
  }
  const auto is_common = [](const config::Node::Member& member) {
    const auto rows = EntryOptions::options();
    return std::any_of(rows.begin(), rows.end(),
                       [&](const config::Option& row) { return row.name == member.key; });
  };
  std::erase_if(common.members, [&](const auto& member) { return !is_common(member); });
  std::erase_if(own.members, is_common);
  return {std::move(common), std::move(own)};
}

void check_needs(const ChainEntry& entry, const config::Node& node, const std::vector<Fact>& given,
                 config::Findings& findings) {
  for (const Fact fact : entry.module->needs) {
    if (std::find(given.begin(), given.end(), fact) != given.end()) continue;
    findings.error(node, "needs a " + std::string(to_string(fact)) +
                             ", which no policy before it in this chain establishes");
  }
}

// needed_after returns the facts that the policies of the chain after `module` need.
std::vector<Fact> needed_after(const Module& module, const config::Node& policies,
                               std::span<const Module* const> modules) {
  std::vector<Fact> needed;
  const auto self = std::ranges::find(modules, &module);
  for (auto later = std::next(self); later != modules.end(); ++later) {
    if (policies.find((*later)->name) == nullptr) continue;
    needed.insert(needed.end(), (*later)->needs.begin(), (*later)->needs.end());
  }
  return needed;
}

}  // namespace

std::span<const config::Option> EntryOptions::options() {
  static const std::array rows{
      config::option<&EntryOptions::mode>(
          "mode", "`enforce` refuses; `observe` records what it would refuse and lets it pass."),
      config::option<&EntryOptions::deadline>(
          "deadline", "How long the policy may wait for a dependency before it counts as missing.",
          config::between(Milliseconds(1), Milliseconds(60'000))),
      config::option<&EntryOptions::on_unavailable>(
          "on_unavailable", "What happens when a dependency is missing: `deny` or `allow`."),
  };
  return rows;
}

Chain load_chain(const config::Node& policies, std::span<const Module* const> modules,
                 LoadContext& context) {
  Chain chain;
  config::Findings& findings = context.findings();
  for (const auto& member : policies.members) {
    if (find_module(modules, member.key) == nullptr) {
      report_unknown(member.value, member.key, modules, findings);
    }
  }
  std::vector<Fact> given;
  for (const Module* module : modules) {
    const config::Node* node = policies.find(module->name);
    if (node == nullptr) continue;
    ChainEntry entry{module, nullptr, {}};
    const auto [common, own] = split(*node);
    config::decode(common, entry.options, findings);
    context.set_needed(needed_after(*module, policies, modules));
    entry.plan = module->load(own, context);
    check_needs(entry, *node, given, findings);
    for (const Fact fact : module->wants) {
      if (std::ranges::find(given, fact) != given.end()) entry.wanted.push_back(fact);
    }
    given.insert(given.end(), module->gives.begin(), module->gives.end());
    if (entry.plan) chain.push_back(std::move(entry));
  }
  return chain;
}

AttachedChain attach(const Chain& chain, AttachContext& context) {
  AttachedChain attached;
  attached.reserve(chain.size());
  for (const ChainEntry& entry : chain) {
    attached.push_back({&entry, entry.module->attach(entry.plan, context)});
  }
  return attached;
}

}  // namespace sallyport::policy
