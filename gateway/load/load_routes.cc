#include <algorithm>
#include <set>

#include "gateway/base/text.h"
#include "gateway/http/authority.h"
#include "gateway/http/field_names.h"
#include "gateway/load/loader.h"
#include "gateway/load/request_fields.h"
#include "gateway/load/schema.h"

namespace sallyport::load {
namespace {

// unknown_name says that a name refers to nothing, and what it may have meant.
template <class Names>
std::string unknown_name(std::string_view what, std::string_view name, const Names& names) {
  std::vector<std::string_view> known;
  for (const auto& entry : names) known.push_back(entry.first);
  std::string text = "there is no " + std::string(what) + " \"" + std::string(name) + "\"";
  const std::string_view near = closest(name, known.data(), known.size());
  if (!near.empty()) text += " (did you mean \"" + std::string(near) + "\"?)";
  return text;
}

bool is_none(const config::Node& node) { return node.is_scalar() && node.scalar == "none"; }

}  // namespace

void Loader::build_error_profiles() {
  generation_.error_profiles = server::built_in_profiles();
  for (const auto& [name, settings] : settings_.error_profiles) {
    auto profile = server::make_profile(name, *settings, settings.node, findings_);
    if (profile) generation_.error_profiles.push_back(std::move(*profile));
  }
  generation_.default_error_profile = find_error_profile(settings_.errors).value_or(0);
}

std::optional<std::size_t> Loader::find_error_profile(const config::At<std::string>& name) {
  const auto& profiles = generation_.error_profiles;
  // The last of a name wins, so that a profile of the operator's own can replace a built-in one.
  for (std::size_t i = profiles.size(); i-- > 0;) {
    if (profiles[i].name == *name) return i;
  }
  std::map<std::string_view, int> names;
  for (const auto& profile : profiles) names[profile.name] = 0;
  findings_.error(name.node, unknown_name("error profile", *name, names));
  return std::nullopt;
}

void Loader::check_modules() {
  std::map<std::string_view, int> names;
  for (const policy::Module* module : modules()) names[module->name] = 0;
  const config::Node& node = settings_.modules.node;
  if (node.is_null()) return;
  if (!node.is_mapping()) return findings_.error(node, "must be a mapping of policy names");
  for (const auto& member : node.members) {
    if (names.contains(member.key)) continue;
    findings_.error(member.value, unknown_name("policy", member.key, names));
  }
}

void Loader::build_routes() {
  generation_.table.set_ambiguous_paths(settings_.ambiguous_paths);
  std::set<std::string_view> ids;
  for (const auto& route : settings_.routes) {
    if (!ids.insert(route->id).second) {
      findings_.error(route.node, "there is another route with the id \"" + route->id + "\"");
    }
    build_route(*route, route.node);
  }
}

config::Node Loader::policies_of(const RouteSettings& settings, const config::Node& node) {
  config::Node policies;
  policies.kind = config::Node::Kind::mapping;
  policies.at = node.at;
  policies.path = node.path + ".policies";
  if (settings.chain) {
    const auto chain = settings_.chains.find(**settings.chain);
    if (chain == settings_.chains.end()) {
      findings_.error(settings.chain->node,
                      unknown_name("chain", **settings.chain, settings_.chains));
    } else if (!chain->second.node.is_mapping()) {
      findings_.error(chain->second.node, "must be a mapping of policy names to their options");
    } else {
      policies.members = chain->second.node.members;
    }
  }
  const config::Node& own = settings.policies.node;
  if (is_none(own)) {
    if (settings.chain) findings_.error(own, "`none` contradicts `chain`: remove one of the two");
    return policies;
  }
  if (own.is_null()) {
    if (!settings.chain) {
      findings_.error(node,
                      "needs `chain` or `policies`; write `policies: none` if it is meant to "
                      "be open to everybody");
    }
    return policies;
  }
  if (!own.is_mapping()) {
    findings_.error(own, "must be a mapping of policy names to their options, or `none`");
    return policies;
  }
  for (const auto& member : own.members) {
    std::erase_if(policies.members, [&](const auto& other) { return other.key == member.key; });
    policies.members.push_back(member);
  }
  return policies;
}

void Loader::build_route(const RouteSettings& settings, const config::Node& node) {
  auto route = std::make_unique<policy::Route>();
  route->id = settings.id;
  route->index = generation_.routes.size();
  route->paths = *settings.paths;
  route->query = settings.query;
  route->log_path = settings.log_path;
  Arena arena;
  for (const std::string& host : settings.hosts) {
    const auto parsed = http::parse_authority(host, arena);
    const auto* authority = std::get_if<http::Authority>(&parsed);
    if (authority == nullptr || authority->port) {
      findings_.error(node, "\"" + host +
                                "\" is no host name: write api.example.com, without "
                                "scheme or port");
      continue;
    }
    route->hosts.emplace_back(authority->text);
  }
  for (const std::string& method : settings.methods) {
    const bool is_upper =
        std::none_of(method.begin(), method.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (!http::is_token(method) || !is_upper) {
      findings_.error(node, "\"" + method + "\" is no method: write GET, POST, …");
    }
    route->methods.push_back(method);
    route->allowed_methods += (route->allowed_methods.empty() ? "" : ", ") + method;
  }
  build_request_bodies(settings, *route);
  route->upstream = *settings.upstream;
  if (const auto found = upstream_index_.find(route->upstream); found != upstream_index_.end()) {
    route->upstream_index = found->second;
  } else {
    findings_.error(settings.upstream.node,
                    unknown_name("upstream", route->upstream, upstream_index_));
  }
  const config::At<std::string>& errors = settings.errors ? *settings.errors : settings_.errors;
  route->error_profile = *errors;
  route->error_profile_index =
      settings.errors ? find_error_profile(errors).value_or(0) : generation_.default_error_profile;
  if (settings.request_fields) {
    route->request_fields = read_request_fields(settings.request_fields->only, findings_);
  }
  route->chain = policy::load_chain(policies_of(settings, node), modules(), *this);
  generation_.routes.push_back(std::move(route));
  if (auto added = generation_.table.add(*generation_.routes.back()); !added) {
    findings_.error(settings.paths.node, added.error().text);
  }
}

void Loader::build_request_bodies(const RouteSettings& settings, policy::Route& route) {
  for (const auto& method : settings.request_bodies) {
    if (std::ranges::find(route.methods, *method) == route.methods.end()) {
      findings_.error(method.node, "\"" + *method + "\" is none of the route's `methods`");
    } else if (http::expects_content(http::method_of(*method))) {
      findings_.error(method.node,
                      "requests with " + *method + " may always have content: remove it");
    } else {
      route.request_bodies.push_back(*method);
    }
  }
}

void Loader::register_metrics() {
  constexpr std::string_view kClasses[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
  const auto add = [&](std::string_view route) {
    server::RouteSlots slots;
    for (std::size_t i = 0; i < std::size(kClasses); ++i) {
      const std::array labels{metrics::Label{"route", route},
                              metrics::Label{"code_class", kClasses[i]}};
      slots.status[i] =
          registry_.counter("requests_total", "Requests, by route and status class.", labels);
    }
    const std::array labels{metrics::Label{"route", route}};
    slots.duration = registry_.histogram("request_duration_seconds",
                                         "From a request's head to the end of its answer.", labels);
    slots.policy = registry_.histogram(
        "policy_duration_seconds", "From a request's head to the verdict of its policies.", labels);
    slots.surplus = registry_.counter(
        "upstream_surplus_answers_total",
        "Connections on which a server sent more than its answers, by the route of the last.",
        labels);
    const auto slip = [&](std::string_view what) {
      const std::array both{metrics::Label{"route", route}, metrics::Label{"what", what}};
      return registry_.counter("upstream_tolerated_answers_total",
                               "Answers of servers that were at fault and passed all the same.",
                               both);
    };
    std::ranges::transform(http::kSlipNames, slots.slips.begin(), slip);
    generation_.slots.push_back(slots);
  };
  for (const auto& route : generation_.routes) add(route->id);
  add("none");
}

}  // namespace sallyport::load
