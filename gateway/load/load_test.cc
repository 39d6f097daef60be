#include "gateway/load/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/load/schema.h"
#include "tests/support/temp_dir.h"

namespace sallyport::load {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A module that is there to be named; the real ones have tests of their own.
struct FakePlan final : policy::Plan {};
struct FakePolicy final : policy::Policy {
  policy::Verdict on_request(policy::Exchange&) override { return policy::allow(); }
};
constexpr policy::Fact kNeeds[] = {policy::Fact::token};

template <const char* const& kName, bool kNeedsToken>
const policy::Module fake{
    .name = kName,
    .summary = "",
    .shared_options = {},
    .options = {},
    .reasons = {},
    .needs = kNeedsToken ? std::span<const policy::Fact>(kNeeds) : std::span<const policy::Fact>(),
    .gives = {},
    .load = [](const config::Node&, policy::LoadContext&) -> std::shared_ptr<const policy::Plan> {
      return std::make_shared<FakePlan>();
    },
    .attach = [](std::shared_ptr<const policy::Plan>, policy::AttachContext&)
        -> std::unique_ptr<policy::Policy> { return std::make_unique<FakePolicy>(); },
};
constexpr const char* kGate = "gate";
constexpr const char* kNeedy = "needy";

class Loading : public ::testing::Test {
 protected:
  Loading() {
    static const std::array all{&fake<kGate, false>, &fake<kNeedy, true>};
    set_modules(all);
  }

  // errors loads `routes` below a configuration whose listener cannot be loaded: tests look only at
  // what is said of their part.
  std::string errors(const std::string& rest) {
    const std::string file = folder_.write("sallyport.yaml",
                                           "listeners:\n"
                                           "  - name: api\n"
                                           "    address: 127.0.0.1:8443\n"
                                           "    tls: {certificates: [{names: [api.example], "
                                           "certificate: none.pem, key: none.key}]}\n" +
                                               rest);
    Services services;
    metrics::Registry registry;
    config::Findings findings;
    EXPECT_FALSE(load(file, services, registry, findings));
    std::string text;
    for (const auto& finding : findings.all()) text += finding.text() + "\n";
    return text;
  }
  std::string route(const std::string& options) {
    return errors(
        "upstreams: {api: {servers: [\"127.0.0.1:1\"]}}\n"
        "chains: {all: {gate: }}\n"
        "routes:\n  - {id: r, paths: [/a], methods: [GET], " +
        options + "}\n");
  }

  test::TempDir folder_;
};

TEST_F(Loading, NamesTheFileThatCannotBeRead) { EXPECT_THAT(errors(""), HasSubstr("none.pem")); }

TEST_F(Loading, SaysWhichUpstreamWasMeant) {
  EXPECT_THAT(
      route("upstream: apii, chain: all"),
      HasSubstr("routes[0].upstream: there is no upstream \"apii\" (did you mean \"api\"?)"));
}

TEST_F(Loading, WantsOpennessToBeWritten) {
  EXPECT_THAT(route("upstream: api"), HasSubstr("write `policies: none`"));
  EXPECT_THAT(route("upstream: api, policies: none"), Not(HasSubstr("routes[0]")));
}

TEST_F(Loading, RefusesNoneBesideAChain) {
  EXPECT_THAT(route("upstream: api, chain: all, policies: none"), HasSubstr("contradicts"));
}

TEST_F(Loading, SaysWhichPolicyWasMeant) {
  EXPECT_THAT(route("upstream: api, policies: {gates: }"),
              HasSubstr("there is no policy \"gates\" (did you mean \"gate\"?)"));
}

TEST_F(Loading, RefusesAPolicyWithoutTheFactThatItNeeds) {
  EXPECT_THAT(route("upstream: api, policies: {needy: }"), HasSubstr("needs a token"));
}

TEST_F(Loading, RefusesUnknownChainsProfilesAndMethods) {
  const std::string text =
      route("upstream: api, chain: al, errors: plaids, hosts: [\"https://x\"]")
          .append(errors(
              "upstreams: {api: {servers: [\"127.0.0.1:1\"]}}\n"
              "routes: [{id: r, paths: [/a], methods: [get], upstream: api, policies: none}]\n"));
  EXPECT_THAT(text, HasSubstr("there is no chain \"al\" (did you mean \"all\"?)"));
  EXPECT_THAT(text, HasSubstr("there is no error profile \"plaids\" (did you mean \"plaid\"?)"));
  EXPECT_THAT(text, HasSubstr("is no host name"));
  EXPECT_THAT(text, HasSubstr("\"get\" is no method"));
}

TEST_F(Loading, TakesRequestBodiesOfMethodsThatNeedToBeNamed) {
  const auto bodies = [this](const std::string& list) {
    return errors(
        "upstreams: {api: {servers: [\"127.0.0.1:1\"]}}\nchains: {all: {gate: }}\n"
        "routes:\n  - {id: r, paths: [/a], methods: [DELETE, POST, PURGE], upstream: api, "
        "chain: all, request_bodies: [" +
        list + "]}\n");
  };
  const std::string is_good = bodies("");
  EXPECT_EQ(bodies("DELETE, PURGE"), is_good);
  EXPECT_NE(bodies("GET").find("\"GET\" is none of the route's `methods`"), std::string::npos);
  EXPECT_NE(bodies("POST").find("POST may always have content"), std::string::npos);
}

TEST_F(Loading, RefusesServersThatAreNone) {
  const std::string text = errors(
      "upstreams: {api: {servers: [\"http://127.0.0.1:1\", nohost, "
      "\"unix:relative\"]}}\nroutes: []\n");
  EXPECT_THAT(text, HasSubstr("upstreams.api.servers[1]"));
  EXPECT_THAT(text, HasSubstr("write host:port, [v6]:port or unix:/path"));
  EXPECT_THAT(text, HasSubstr("needs an absolute path"));
}

TEST_F(Loading, TakesNamesAsServersAndRefusesWhatIsNone) {
  const std::string text = errors(
      "upstreams: {api: {servers: [\"api.internal:80\", {address: \"[::1]:80\", weight: 0}, "
      "{weight: 2}, \"a b:80\"]}}\nroutes: []\n");
  EXPECT_THAT(text, Not(HasSubstr("servers[0]")));
  EXPECT_THAT(text, HasSubstr("upstreams.api.servers[1].weight"));
  EXPECT_THAT(text, HasSubstr("upstreams.api.servers[2].address"));
  EXPECT_THAT(text, HasSubstr("upstreams.api.servers[3]: \"a b:80\" is no server"));
}

TEST_F(Loading, ChecksWhatUpstreamsAreAskedAndBelieved) {
  const std::string text = errors(
      "resolver: {nameservers: [dns.example, 192.0.2.53, \"127.0.0.1:5353\"]}\n"
      "upstreams:\n  api:\n    servers: [\"unix:/run/api.sock\"]\n"
      "    health: {path: \"healthz?a\"}\n"
      "    tls: {ca_file: none.pem, pins: [\"md5/AAAA\"], insecure_skip_verify: false}\n"
      "  lax: {servers: [\"127.0.0.1:1\"], tls: {insecure_skip_verify: true}}\nroutes: []\n");
  EXPECT_THAT(text, HasSubstr("resolver.nameservers[0]: \"dns.example\" is no address"));
  EXPECT_THAT(text, Not(HasSubstr("nameservers[1]")));
  EXPECT_THAT(text, Not(HasSubstr("nameservers[2]")));
  EXPECT_THAT(text, HasSubstr("upstreams.api.health.path: is no path"));
  EXPECT_THAT(text, HasSubstr("upstreams.api.tls: needs `server_name`"));
  EXPECT_THAT(text, HasSubstr("upstreams.api.tls.ca_file"));
  EXPECT_THAT(text, HasSubstr("upstreams.lax.tls.insecure_skip_verify: whoever answers"));
}

TEST_F(Loading, KeepsTheAdminPortOffThePublicNet) {
  EXPECT_THAT(errors("admin: {listen: \"0.0.0.0:9090\"}\n"),
              HasSubstr("must be a loopback address"));
}

TEST(SocketAddress, HasOneTextForOneAddress) {
  EXPECT_EQ(parse_socket_address("[::ffff:127.0.0.1]:80")->text, "127.0.0.1:80");
  EXPECT_EQ(parse_socket_address("[0:0::1]:80")->text, "[::1]:80");
  for (const char* bad : {"127.0.0.1", "::1:80", "localhost:80", "127.0.0.1:65536", "127.0.0.1:"}) {
    EXPECT_FALSE(parse_socket_address(bad)) << bad;
  }
}

}  // namespace
}  // namespace sallyport::load
