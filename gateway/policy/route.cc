#include "gateway/policy/route.h"

#include <algorithm>

#include "gateway/http/target.h"

namespace sallyport::policy {
namespace {

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

// next_segment takes the first segment off `rest`, which begins with "/".
std::string_view next_segment(std::string_view& rest) {
  rest.remove_prefix(1);
  const std::size_t end = std::min(rest.find('/'), rest.size());
  const std::string_view segment = rest.substr(0, end);
  rest.remove_prefix(end);
  return segment;
}

Error pattern_error(std::string_view pattern, const char* what) {
  return {Fault::gateway, "path pattern \"" + std::string(pattern) + "\" " + what};
}

bool has_method(const Route& route, std::string_view method) {
  return std::find(route.methods.begin(), route.methods.end(), method) != route.methods.end();
}

}  // namespace

Result<void> check_path_pattern(std::string_view pattern) {
  if (pattern.empty() || pattern.front() != '/') {
    return pattern_error(pattern, "must begin with \"/\"");
  }
  std::string literal;
  std::string_view rest = pattern;
  while (!rest.empty()) {
    const std::string_view segment = next_segment(rest);
    if (segment == "**") {
      if (!rest.empty()) return pattern_error(pattern, "may have \"**\" only at its end");
      continue;
    }
    if (is_parameter(segment)) continue;
    if (segment.find_first_of("{}*") != std::string_view::npos) {
      return pattern_error(pattern, "must have \"{name}\" or \"**\" as a whole segment");
    }
    literal.append("/").append(segment);
  }
  if (literal.empty()) return {};
  Arena arena;
  const auto target = http::canonicalise(literal, http::Method::get, arena);
  const auto* canonical = std::get_if<http::RequestTarget>(&target);
  if (canonical == nullptr || canonical->target.path != literal) {
    return pattern_error(pattern, "is not in canonical form: no request could ever match it");
  }
  return {};
}

Result<void> RouteTable::add(const Route& route) {
  for (const std::string& path : route.paths) {
    if (route.hosts.empty()) {
      if (auto added = add_path(any_host_, path, route); !added) return added;
    }
    for (const std::string& host : route.hosts) {
      if (auto added = add_path(by_host_[host], path, route); !added) return added;
    }
  }
  return {};
}

Result<void> RouteTable::add_path(Node& root, std::string_view pattern, const Route& route) {
  if (auto good = check_path_pattern(pattern); !good) return good;
  Node* node = &root;
  std::vector<const Route*>* place = nullptr;
  std::string_view rest = pattern;
  while (!rest.empty()) {
    const std::string_view segment = next_segment(rest);
    if (segment == "**") {
      place = &node->below;
      break;
    }
    auto& next = is_parameter(segment) ? node->parameter
                                       : node->literal.try_emplace(std::string(segment)).first->second;
    if (!next) next = std::make_unique<Node>();
    node = next.get();
  }
  if (place == nullptr) place = &node->here;
  for (const Route* other : *place) {
    for (const std::string& method : route.methods) {
      if (!has_method(*other, method)) continue;
      return Error{Fault::gateway, "route \"" + other->id + "\" already has " + method + " " +
                                       std::string(pattern)};
    }
  }
  place->push_back(&route);
  return {};
}

const Route* RouteTable::best(const std::vector<const Route*>& routes, std::string_view method,
                              const Route** other) {
  for (const Route* route : routes) {
    if (has_method(*route, method)) return route;
  }
  if (!routes.empty() && *other == nullptr) *other = routes.front();
  return nullptr;
}

// The most specific path decides: a looser pattern is tried only when no more specific one has the
// path at all, so that a method missing on a strict route never falls through to a weaker one.
const Route* RouteTable::find_in(const Node& node, std::string_view rest, std::string_view method,
                                 const Route** other) {
  if (rest.empty()) {
    if (const Route* found = best(node.here, method, other)) return found;
    return nullptr;
  }
  std::string_view after = rest;
  const std::string_view segment = next_segment(after);
  if (const auto next = node.literal.find(segment); next != node.literal.end()) {
    const Route* found = find_in(*next->second, after, method, other);
    if (found != nullptr || *other != nullptr) return found;
  }
  if (node.parameter && !segment.empty()) {
    const Route* found = find_in(*node.parameter, after, method, other);
    if (found != nullptr || *other != nullptr) return found;
  }
  return best(node.below, method, other);
}

RouteMatch RouteTable::find(std::string_view host, std::string_view path,
                            std::string_view method) const {
  const Route* other = nullptr;
  if (path.starts_with('/')) {
    if (const auto site = by_host_.find(host); site != by_host_.end()) {
      const Route* found = find_in(site->second, path, method, &other);
      if (found != nullptr) return found;
      if (other != nullptr) return MethodMismatch{other};
    }
    const Route* found = find_in(any_host_, path, method, &other);
    if (found != nullptr) return found;
  }
  if (other != nullptr) return MethodMismatch{other};
  return NoRoute{};
}

bool RouteTable::has_host(std::string_view host) const { return by_host_.contains(host); }

}  // namespace sallyport::policy
