#include "gateway/load/request_fields.h"

#include <gmock/gmock.h>

#include "gateway/http/field_names.h"

namespace sallyport::load {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// read returns the set of these texts, and in `problem` the first finding.
http::FieldSet read(const std::vector<std::string>& texts, std::string& problem) {
  std::vector<config::At<std::string>> entries;
  for (const std::string& text : texts) entries.push_back({text, {}});
  config::Findings findings;
  const auto set = read_request_fields(entries, findings);
  problem = findings.all().empty() ? "" : findings.all().front().message;
  return *set;
}

TEST(RequestFields, TakesNamesAndSetsTogether) {
  std::string problem;
  const http::FieldSet set = read({"fdx", "X-Branch", "Traceparent", "cookie"}, problem);
  EXPECT_EQ(problem, "");
  for (const char* name : {"authorization", "dpop", "x-fapi-interaction-id", "fdx-api-actor-type",
                           "x-branch", "traceparent", "Cookie", "fdxversion"}) {
    EXPECT_TRUE(set.contains(name)) << name;
  }
  for (const char* name : {"x-tenant", "fdx", "oauth", "x-branch-id", "referer"}) {
    EXPECT_FALSE(set.contains(name)) << name;
  }
}

TEST(RequestFields, ASetThatThereIsNotIsNoField) {
  std::string problem;
  read({"fxd"}, problem);
  EXPECT_THAT(problem, StartsWith("there is no set of fields \"fxd\" (did you mean \"fdx\"?)"));
  read({"traceparent"}, problem);
  EXPECT_THAT(problem, HasSubstr("write it with a capital letter: Traceparent"));
  read({"2"}, problem);
  EXPECT_THAT(problem, HasSubstr("there is no set of fields \"2\""));
}

TEST(RequestFields, RefusesWhatCanNeverPass) {
  std::string problem;
  for (const char* name : {"Host", "content-length", "Proxy-Authorization", "te", "Keep_Alive"}) {
    read({name}, problem);
    EXPECT_THAT(problem, HasSubstr("is about one connection")) << name;
  }
  for (const char* name :
       {"X-Forwarded-For", "x_real_ip", "SM_USER", "forwarded", "$WSRA", "eppn"}) {
    read({name}, problem);
    EXPECT_THAT(problem, HasSubstr("because only a gateway may set it")) << name;
  }
  read({"Content_Type"}, problem);
  EXPECT_THAT(problem, HasSubstr("servers take it for content-type"));
  for (const char* name : {"", "a b", "X-B:", "X-\n"}) {
    read({name}, problem);
    EXPECT_THAT(problem, HasSubstr("is no field name")) << name;
  }
}

TEST(RequestFields, EveryFieldOfASetCanPass) {
  for (const NamedFieldSet& set : named_field_sets()) {
    for (const std::string_view field : set.fields) {
      EXPECT_TRUE(http::is_token(field)) << field;
      EXPECT_FALSE(http::is_trust(field) || http::is_framing(field) || http::is_hop_by_hop(field) ||
                   http::is_lookalike(field))
          << field;
    }
    std::string problem;
    const http::FieldSet read_set = read({std::string(set.name)}, problem);
    EXPECT_EQ(problem, "");
    EXPECT_EQ(read_set.names().size(), set.fields.size()) << set.name;
  }
}

}  // namespace
}  // namespace sallyport::load
