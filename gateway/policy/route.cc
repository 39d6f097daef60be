#include "gateway/policy/route.h"

#include <algorithm>

#include "gateway/base/text.h"
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

// ends_oddly: a dot or a space before a slash, which servers on file systems of some kinds drop.
bool ends_oddly(std::string_view segment) {
  return segment.ends_with('.') || segment.ends_with("%20");
}

bool is_folded(std::string_view path) {
  if (path.size() > 1 && path.ends_with('/')) return false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != to_lower(path[i])) return false;
    if (path[i] == '/' && ends_oddly(path.substr(0, i))) return false;
  }
  return !ends_oddly(path);
}

// fold returns the spelling that a tolerant server may take the path for.
std::string fold(std::string_view path) {
  std::string folded;
  for (std::string_view rest = path; !rest.empty();) {
    std::string_view segment = next_segment(rest);
    while (ends_oddly(segment)) segment.remove_suffix(segment.ends_with('.') ? 1 : 3);
    if (segment.empty() && rest.empty() && !folded.empty()) break;  // a last slash
    folded += '/';
    for (const char c : segment) folded += to_lower(c);
  }
  return folded;
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

PathTree::Taken PathTree::add(const std::string* host, std::string_view pattern,
                              const Route& route) {
  Node* node = host == nullptr ? &any_host_ : &by_host_[*host];
  std::vector<const Route*>* place = nullptr;
  std::string_view rest = pattern;
  while (!rest.empty()) {
    const std::string_view segment = next_segment(rest);
    if (segment == "**") {
      place = &node->below;
      break;
    }
    auto& next = is_parameter(segment)
                     ? node->parameter
                     : node->literal.try_emplace(std::string(segment)).first->second;
    if (!next) next = std::make_unique<Node>();
    node = next.get();
  }
  if (place == nullptr) place = &node->here;
  for (const Route* other : *place) {
    for (const std::string& method : route.methods) {
      if (has_method(*other, method)) return {other, method};
    }
  }
  place->push_back(&route);
  return {};
}

const Route* PathTree::best(const std::vector<const Route*>& routes, std::string_view method,
                            const Route** other) {
  for (const Route* route : routes) {
    if (has_method(*route, method)) return route;
  }
  if (!routes.empty() && *other == nullptr) *other = routes.front();
  return nullptr;
}

// The most specific path decides: a looser pattern is tried only when no more specific one has the
// path at all, so that a method missing on a strict route never falls through to a weaker one.
const Route* PathTree::find_in(const Node& node, std::string_view rest, std::string_view method,
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

PathTree::Found PathTree::find(std::string_view host, std::string_view path,
                               std::string_view method) const {
  Found found;
  if (!path.starts_with('/')) return found;
  if (const auto site = by_host_.find(host); site != by_host_.end()) {
    found.route = find_in(site->second, path, method, &found.other_method);
    if (found.route != nullptr || found.other_method != nullptr) return found;
  }
  found.route = find_in(any_host_, path, method, &found.other_method);
  return found;
}

Result<void> RouteTable::add(const Route& route) {
  for (const std::string& path : route.paths) {
    if (auto good = check_path_pattern(path); !good) return good;
    if (route.hosts.empty()) {
      if (auto added = add_path(nullptr, path, route); !added) return added;
    }
    for (const std::string& host : route.hosts) {
      if (auto added = add_path(&host, path, route); !added) return added;
    }
  }
  return {};
}

Result<void> RouteTable::add_path(const std::string* host, const std::string& pattern,
                                  const Route& route) {
  if (const auto taken = exact_.add(host, pattern, route); taken.by != nullptr) {
    return Error{Fault::gateway, "route \"" + taken.by->id + "\" already has " +
                                     std::string(taken.method) + " " + pattern};
  }
  patterns_are_folded_ = patterns_are_folded_ && is_folded(pattern);
  const Route* other = folded_.add(host, fold(pattern), route).by;
  const bool is_taken = other != nullptr && other != &route;
  if (!is_taken || ambiguous_paths_ == AmbiguousPaths::exact) return {};
  return Error{Fault::gateway, "route \"" + other->id + "\" has the same path as " + pattern +
                                   " but for letter case or a last slash, which an upstream may "
                                   "take for the same: see ambiguous_paths"};
}

// A path that is spelt as plainly as the patterns are cannot be another one's odd spelling.
bool RouteTable::is_ambiguous(std::string_view host, std::string_view path, std::string_view method,
                              const PathTree::Found& exact) const {
  if (ambiguous_paths_ == AmbiguousPaths::exact) return false;
  if (patterns_are_folded_ && is_folded(path)) return false;
  return folded_.find(host, fold(path), method) != exact;
}

RouteMatch RouteTable::find(std::string_view host, std::string_view path,
                            std::string_view method) const {
  const PathTree::Found exact = exact_.find(host, path, method);
  if (exact.route == nullptr) {
    if (exact.other_method != nullptr) return MethodMismatch{exact.other_method};
    return NoRoute{};
  }
  if (is_ambiguous(host, path, method, exact)) return AmbiguousPath{exact.route};
  return exact.route;
}

const Route* route_of(const RouteMatch& match) {
  if (const auto* route = std::get_if<const Route*>(&match)) return *route;
  if (const auto* mismatch = std::get_if<MethodMismatch>(&match)) return mismatch->route;
  if (const auto* ambiguous = std::get_if<AmbiguousPath>(&match)) return ambiguous->route;
  return nullptr;
}

bool Route::takes_content(const http::RequestHead& request) const {
  return http::expects_content(request.method) ||
         std::ranges::find(request_bodies, request.method_text) != request_bodies.end();
}

}  // namespace sallyport::policy
