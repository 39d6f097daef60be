#pragma once

// Routes: which chain and which upstream a request belongs to, by exact host, path pattern and
// method. Nothing matches by default, and silence is never permission.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/http/message.h"
#include "gateway/policy/chain.h"

namespace sallyport::http {
class FieldSet;
}

namespace sallyport::policy {

// Which queries a route takes: such as RFC 3986 section 3.4 allows, or also those with [ ] { } | ^,
// as browsers send them; both are judged and forwarded in the first spelling.
enum class QueryRule : std::uint8_t { strict, lenient };
constexpr auto option_names(QueryRule) {
  return std::array<std::pair<std::string_view, QueryRule>, 2>{
      {{"strict", QueryRule::strict}, {"lenient", QueryRule::lenient}}};
}

// Route is one entry of `routes`, immutable. `index` numbers the routes of a generation.
struct Route {
  std::string id;
  std::size_t index = 0;
  std::vector<std::string> hosts;    // lower case; empty: every host
  std::vector<std::string> paths;    // patterns, see PathPattern
  std::vector<std::string> methods;  // upper case
  std::vector<std::string>
      request_bodies;           // methods that may have content although it has no meaning
  std::string allowed_methods;  // "GET, HEAD", for the Allow field
  std::string upstream;         // name
  std::size_t upstream_index = 0;
  std::string error_profile;  // name
  std::size_t error_profile_index = 0;
  QueryRule query = QueryRule::strict;
  bool log_path = true;  // false on OAuth routes: the log shows the pattern instead
  // The only fields of a client that the upstream gets; null: all that only clients may say.
  std::shared_ptr<const http::FieldSet> request_fields;
  Chain chain;

  // takes_content says whether a request of that method may have content here.
  bool takes_content(const http::RequestHead& request) const;
  // takes_query says whether a request may have its query as it was spelt.
  bool takes_query(const http::Target& target) const {
    return query == QueryRule::lenient || !target.has_lax_query;
  }
};

// RouteMatch is a route, or why there is none.
struct NoRoute {};
struct MethodMismatch {
  const Route* route;  // one that has the path
};
struct AmbiguousPath {
  const Route* route;  // the one that the path belongs to as it is spelt
};
using RouteMatch = std::variant<const Route*, NoRoute, MethodMismatch, AmbiguousPath>;

// route_of returns the route that the path belongs to, whether or not it takes the request; null:
// none has it.
const Route* route_of(const RouteMatch& match);

// What to do with a path that would belong to another route if letters of either case were the
// same, and neither a last slash nor dots and spaces at the end of a segment counted: an upstream
// that thinks so would serve, by the spelling of the weaker route, what the stricter one protects.
// `exact` is for upstreams that tell them apart.
enum class AmbiguousPaths : std::uint8_t { reject, exact };
constexpr auto option_names(AmbiguousPaths) {
  return std::array<std::pair<std::string_view, AmbiguousPaths>, 2>{
      {{"reject", AmbiguousPaths::reject}, {"exact", AmbiguousPaths::exact}}};
}

// PathTree finds routes by host and path in time that depends on the number of path segments, not
// on the number of routes. A literal segment wins over "{name}", which wins over a final "/**".
class PathTree {
 public:
  // Found is a route that has path and method, or one that has the path alone, or neither.
  struct Found {
    const Route* route = nullptr;
    const Route* other_method = nullptr;
    bool operator==(const Found&) const = default;
  };

  // Taken is a route that has one of the methods of another on the same host and path.
  struct Taken {
    const Route* by = nullptr;  // null: nothing is taken
    std::string_view method;
  };

  // add registers a pattern that was checked, unless it is taken. Without `host`: for every host.
  Taken add(const std::string* host, std::string_view pattern, const Route& route);
  Found find(std::string_view host, std::string_view path, std::string_view method) const;

 private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literal;
    std::unique_ptr<Node> parameter;
    std::vector<const Route*> here;   // routes that end at this node
    std::vector<const Route*> below;  // routes with "/**" at this node
  };

  static const Route* best(const std::vector<const Route*>& routes, std::string_view method,
                           const Route** other);
  static const Route* find_in(const Node& node, std::string_view rest, std::string_view method,
                              const Route** other);

  std::map<std::string, Node, std::less<>> by_host_;
  Node any_host_;
};

// RouteTable finds the route of a request.
class RouteTable {
 public:
  void set_ambiguous_paths(AmbiguousPaths what) { ambiguous_paths_ = what; }
  // add registers every host and path of `route`, which must outlive the table. Errors: a malformed
  // pattern, or a method, host and path that another route has already, be it by another spelling.
  Result<void> add(const Route& route);
  RouteMatch find(std::string_view host, std::string_view path, std::string_view method) const;

 private:
  Result<void> add_path(const std::string* host, const std::string& pattern, const Route& route);
  bool is_ambiguous(std::string_view host, std::string_view path, std::string_view method,
                    const PathTree::Found& exact) const;

  PathTree exact_;
  PathTree folded_;  // by patterns as a tolerant upstream may read them
  bool patterns_are_folded_ = true;
  AmbiguousPaths ambiguous_paths_ = AmbiguousPaths::reject;
};

// check_path_pattern says what is wrong with a pattern: it must be absolute and canonical, a
// segment is literal or "{name}", and "**" may stand only as the last segment.
Result<void> check_path_pattern(std::string_view pattern);

}  // namespace sallyport::policy
