#pragma once

// Routes: which chain and which upstream a request belongs to, by exact host, path pattern and
// method. Nothing matches by default, and silence is never permission.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/http/message.h"
#include "gateway/policy/chain.h"

namespace sallyport::policy {

// Route is one entry of `routes`, immutable. `index` numbers the routes of a generation.
struct Route {
  std::string id;
  std::size_t index = 0;
  std::vector<std::string> hosts;    // lower case; empty: every host
  std::vector<std::string> paths;    // patterns, see PathPattern
  std::vector<std::string> methods;  // upper case
  std::string allowed_methods;       // "GET, HEAD", for the Allow field
  std::string upstream;              // name
  std::size_t upstream_index = 0;
  std::string error_profile;         // name
  std::size_t error_profile_index = 0;
  bool log_path = true;              // false on OAuth routes: the log shows the pattern instead
  Chain chain;
};

// RouteMatch is a route, or why there is none.
struct NoRoute {};
struct MethodMismatch {
  const Route* route;  // one that has the path
};
using RouteMatch = std::variant<const Route*, NoRoute, MethodMismatch>;

// RouteTable finds the route of a request in time that depends on the number of path segments, not
// on the number of routes. A literal segment wins over "{name}", which wins over a final "/**".
class RouteTable {
 public:
  // add registers every host and path of `route`, which must outlive the table. Errors: a malformed
  // pattern, or a method, host and path that another route has already.
  Result<void> add(const Route& route);

  RouteMatch find(std::string_view host, std::string_view path, std::string_view method) const;
  // hosts_overlap says whether any route names `host` explicitly.
  bool has_host(std::string_view host) const;

 private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literal;
    std::unique_ptr<Node> parameter;
    std::vector<const Route*> here;   // routes that end at this node
    std::vector<const Route*> below;  // routes with "/**" at this node
  };

  Result<void> add_path(Node& root, std::string_view pattern, const Route& route);
  static const Route* best(const std::vector<const Route*>& routes, std::string_view method,
                           const Route** other);
  static const Route* find_in(const Node& node, std::string_view rest, std::string_view method,
                              const Route** other);

  std::map<std::string, Node, std::less<>> by_host_;
  Node any_host_;
};

// check_path_pattern says what is wrong with a pattern: it must be absolute and canonical, a
// segment is literal or "{name}", and "**" may stand only as the last segment.
Result<void> check_path_pattern(std::string_view pattern);

}  // namespace sallyport::policy
