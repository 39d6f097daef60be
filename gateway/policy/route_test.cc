#include "gateway/policy/route.h"

#include <gtest/gtest.h>

#include <memory>

namespace sallyport::policy {
namespace {

class Routes : public ::testing::Test {
 protected:
  Route& add(std::string id, std::vector<std::string> paths,
             std::vector<std::string> methods = {"GET"}, std::vector<std::string> hosts = {}) {
    auto route = std::make_unique<Route>();
    route->id = std::move(id);
    route->paths = std::move(paths);
    route->methods = std::move(methods);
    route->hosts = std::move(hosts);
    routes_.push_back(std::move(route));
    added_ = table_.add(*routes_.back());
    return *routes_.back();
  }

  std::string find(std::string_view path, std::string_view method = "GET",
                   std::string_view host = "api.example") {
    const RouteMatch match = table_.find(host, path, method);
    if (const auto* found = std::get_if<const Route*>(&match)) return (*found)->id;
    if (const auto* other = std::get_if<MethodMismatch>(&match))
      return "method:" + other->route->id;
    if (const auto* two = std::get_if<AmbiguousPath>(&match)) return "ambiguous:" + two->route->id;
    return "none";
  }

  std::vector<std::unique_ptr<Route>> routes_;
  RouteTable table_;
  Result<void> added_;
};

TEST_F(Routes, HaveNoDefault) {
  add("accounts", {"/accounts"});
  EXPECT_EQ(find("/"), "none");
  EXPECT_EQ(find("/account"), "none");
  EXPECT_EQ(find("/accounts/"), "none");
  EXPECT_EQ(find("*", "OPTIONS"), "none");
}

TEST_F(Routes, ReachNoResourceUnderAWeakerRouteByItsSpelling) {
  add("weak", {"/**"});
  add("strict", {"/admin", "/admin/{id}"});
  add("post", {"/only/post"}, {"POST"});
  for (const char* path :
       {"/Admin", "/ADMIN", "/admin/", "/Admin/", "/ADMIN/7", "/admin/7/", "/Only/post",
        "/only/post/", "/admin.", "/admin./7", "/admin%20/7.%20"}) {
    EXPECT_EQ(find(path), "ambiguous:weak") << path;
  }
  EXPECT_EQ(find("/admin"), "strict");
  EXPECT_EQ(find("/admin/A7"), "strict") << "a parameter may be of any case";
  EXPECT_EQ(find("/Other/"), "weak");
  EXPECT_EQ(find("/only/post"), "method:post");
}

TEST_F(Routes, AreToldApartByPatternsOfEitherCase) {
  add("weak", {"/**"});
  add("strict", {"/Admin/"});
  EXPECT_EQ(find("/Admin/"), "strict");
  EXPECT_EQ(find("/admin"), "ambiguous:weak");
  EXPECT_EQ(find("/admin/"), "ambiguous:weak");
}

TEST_F(Routes, MayNotDifferByCaseAlone) {
  add("one", {"/a"});
  add("two", {"/A"});
  EXPECT_FALSE(added_);
  add("three", {"/a/"});
  EXPECT_FALSE(added_);
  add("four", {"/b", "/B", "/b/"});
  EXPECT_TRUE(added_);
  EXPECT_EQ(find("/B"), "four");
}

TEST_F(Routes, MayBeExactForUpstreamsThatTellThemApart) {
  table_.set_ambiguous_paths(AmbiguousPaths::exact);
  add("weak", {"/**"});
  add("lower", {"/a"});
  add("upper", {"/A"});
  EXPECT_TRUE(added_);
  EXPECT_EQ(find("/A"), "upper");
  EXPECT_EQ(find("/a"), "lower");
  EXPECT_EQ(find("/a/"), "weak");
}

TEST_F(Routes, MatchAParameterWithExactlyOneSegment) {
  add("account", {"/accounts/{accountId}"});
  EXPECT_EQ(find("/accounts/1"), "account");
  EXPECT_EQ(find("/accounts/1/2"), "none");
  EXPECT_EQ(find("/accounts"), "none");
  EXPECT_EQ(find("/accounts/"), "none") << "an empty segment is no value";
}

TEST_F(Routes, PreferTheMostSpecificPathWhateverTheOrder) {
  add("all", {"/accounts/**"});
  add("one", {"/accounts/{id}"});
  add("mine", {"/accounts/current"});
  EXPECT_EQ(find("/accounts/current"), "mine");
  EXPECT_EQ(find("/accounts/7"), "one");
  EXPECT_EQ(find("/accounts/7/transactions"), "all");
}

TEST_F(Routes, NeverFallThroughToAWeakerRouteForAMethod) {
  add("open", {"/**"}, {"GET", "DELETE"});
  add("strict", {"/accounts/{id}"}, {"GET"});
  EXPECT_EQ(find("/accounts/7", "DELETE"), "method:strict");
  EXPECT_EQ(find("/other", "DELETE"), "open");
}

TEST_F(Routes, MatchHostsExactlyAndBeforeRoutesForEveryHost) {
  add("any", {"/a"});
  add("api", {"/a"}, {"GET"}, {"api.example"});
  EXPECT_EQ(find("/a", "GET", "api.example"), "api");
  EXPECT_EQ(find("/a", "GET", "evil.api.example"), "any");
}

TEST_F(Routes, AreCaseSensitive) {
  add("accounts", {"/accounts"});
  EXPECT_EQ(find("/Accounts"), "none");
}

TEST_F(Routes, RefuseTheSamePathAndMethodTwice) {
  add("one", {"/accounts/{id}"});
  add("two", {"/accounts/{accountId}"});
  ASSERT_FALSE(added_);
  EXPECT_NE(added_.error().text.find("route \"one\" already has GET"), std::string::npos);
}

TEST(PathPattern, RefusesWhatNoCanonicalRequestCouldMatch) {
  for (const char* pattern : {"", "accounts", "/a//b", "/a/../b", "/a%2fb", "/a b", "/a;b", "/a?b",
                              "/**/a", "/a*", "/{", "/x{id}", "/%61"}) {
    EXPECT_FALSE(check_path_pattern(pattern)) << pattern;
  }
  for (const char* pattern : {"/", "/a", "/a/{id}", "/a/{id}/b/**", "/.well-known/x", "/**"}) {
    EXPECT_TRUE(check_path_pattern(pattern)) << pattern;
  }
}

TEST(Route, TakesContentWhereItHasAMeaningOrIsListed) {
  Route route;
  route.request_bodies = {"DELETE"};
  const auto takes = [&route](std::string_view method) {
    http::RequestHead request;
    request.method = http::method_of(method);
    request.method_text = method;
    return route.takes_content(request);
  };
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE"})
    EXPECT_TRUE(takes(method)) << method;
  for (const char* method : {"GET", "HEAD", "OPTIONS", "PURGE", "DELETES"}) {
    EXPECT_FALSE(takes(method)) << method;
  }
}

}  // namespace
}  // namespace sallyport::policy
