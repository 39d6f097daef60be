#include "modules/revocation/moved_options.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/json/value.h"

namespace sallyport::revocation {
namespace {

constexpr std::array<std::string_view, 3> kOfEntry = {"endpoint", "issuer", "query"};
// What stays in the entry of `revocation`.
constexpr std::array<std::string_view, 3> kStay = {"on_stale", "fresh_for", "allow_for"};
constexpr std::string_view kAnyName = "bank";

// written returns a scalar as it may stand in a YAML flow mapping.
std::string written(const config::Node& node) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/._-").find(c) != std::string_view::npos;
  };
  const bool needs_quotes =
      node.quoted || node.scalar.empty() || !std::ranges::all_of(node.scalar, is_plain);
  return needs_quotes ? json::Draft(node.scalar).dump() : node.scalar;
}

void add_member(std::string& to, std::string_view name, std::string_view value) {
  to += (to.empty() ? "" : ", ") + std::string(name) + ": " + std::string(value);
}

// members_of writes the members of `node` that are among `names`, or all.
std::string members_of(const config::Node& node, std::span<const std::string_view> names) {
  std::string text;
  for (const auto& member : node.members) {
    const bool is_wanted = names.empty() || std::ranges::find(names, member.key) != names.end();
    if (is_wanted && member.value.is_scalar()) add_member(text, member.key, written(member.value));
  }
  return text;
}

std::string mapping(const std::string& members) {
  return members.empty() ? "{}" : "{ " + members + " }";
}

// server_name is what the authorization server may be called: as the issuer of its tokens is.
std::string server_name(const config::Node* issuer, const policy::LoadContext& context) {
  if (issuer != nullptr) {
    for (const policy::IssuerTerms& terms : context.issuer_terms()) {
      if (terms.issuer == issuer->scalar) return terms.name;
    }
  }
  return std::string(kAnyName);
}

// add_once: the shared options are loaded for every entry again.
void add_once(const config::Node& node, std::string message, config::Findings& findings) {
  const auto is_same = [&](const config::Finding& one) {
    return one.path == node.path && one.message == message;
  };
  if (std::ranges::none_of(findings.all(), is_same)) findings.error(node, std::move(message));
}

std::string lines_for_entry(const config::Node& entry, const policy::LoadContext& context) {
  const config::Node* endpoint = entry.find("endpoint");
  const config::Node* issuer = entry.find("issuer");
  const config::Node* query = entry.find("query");
  const std::string name = server_name(issuer, context);
  std::string oauth;
  add_member(oauth, "kind", endpoint != nullptr ? endpoint->scalar : "token");
  add_member(oauth, "server", name);
  if (query != nullptr) add_member(oauth, "query", written(*query));
  std::string server;
  if (issuer != nullptr) add_member(server, "issuer", written(*issuer));
  return "`revocation: " + mapping(members_of(entry, kStay)) + "` and `oauth: " + mapping(oauth) +
         "` here, and once `modules: { oauth: { authorization_servers: { " + name + ": " +
         mapping(server) +
         " } } }`. `mode`, `deadline` and `on_unavailable` are said for each of the two policies";
}

bool refuse_entry(const config::Node& entry, policy::LoadContext& context) {
  const auto moved = std::ranges::find_if(entry.members, [](const auto& member) {
    return std::ranges::find(kOfEntry, member.key) != kOfEntry.end();
  });
  if (moved == entry.members.end()) return false;
  const config::Node* endpoint = entry.find("endpoint");
  const bool is_none = endpoint == nullptr || endpoint->scalar == "none";
  add_once(moved->value,
           is_none ? "is no option of `revocation` any more, and has no effect without an "
                     "`endpoint`: remove it"
                   : "is now said by the policy `oauth`; write instead of the options `endpoint`, "
                     "`issuer` and `query`: " +
                         lines_for_entry(entry, context),
           context.findings());
  return true;
}

bool refuse_grants(const config::Node* shared, policy::LoadContext& context) {
  const config::Node* grants = shared != nullptr ? shared->find("grants") : nullptr;
  if (grants == nullptr) return false;
  std::string members = members_of(*grants, {});
  if (const config::Node* trial = shared->find("clock_trial")) {
    add_member(members, "clock_trial", written(*trial));
  }
  add_once(*grants,
           "is now an option of the module `oauth`, which opens the same store; write instead "
           "`modules: { oauth: { grants: " +
               mapping(members) + " } }`",
           context.findings());
  return true;
}

}  // namespace

bool refuse_moved(const config::Node& entry, const config::Node* shared,
                  policy::LoadContext& context) {
  const bool has_grants = refuse_grants(shared, context);
  return refuse_entry(entry, context) || has_grants;
}

}  // namespace sallyport::revocation
