#include "gateway/clients/fetch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "gateway/clients/fetch_job.h"
#include "gateway/clients/fetch_resolve.h"
#include "gateway/clients/fetch_test_server.h"
#include "gateway/tls/client_context.h"
#include "gateway/tls/credentials.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_ca.h"

namespace sallyport::clients {
namespace {

using testing::HasSubstr;

class Fetch : public testing::Test {
 protected:
  // fetch runs one fetch to its end.
  Result<FetchResponse> fetch(FetchRequest request, FetchLimits limits = {}) {
    auto task = Fetcher(loop_, tls_).fetch(std::move(request), limits);
    std::optional<Result<FetchResponse>> result;
    task.then([&](Result<FetchResponse> done) { result.emplace(std::move(done)); });
    EXPECT_TRUE(run_until(loop_, [&] { return result.has_value(); }));
    if (!result) return Error{Fault::gateway, "never completed"};
    return *std::move(result);
  }
  std::string error_of(const std::string& url, FetchLimits limits = {}) {
    const auto result = fetch(get(url), limits);
    return result ? "status " + std::to_string(result->status) : result.error().text;
  }
  static FetchRequest get(const std::string& url) {
    FetchRequest request;
    request.url = *Url::parse(url);
    return request;
  }

  event::Loop loop_;
  std::shared_ptr<tls::ClientContext> tls_;
};

TEST_F(Fetch, GetsADocument) {
  std::string seen;
  TestServer server(loop_, [&](const std::string& request) {
    seen = request;
    return ok("hello");
  });
  FetchRequest request = get(server.url("/keys?v=1"));
  request.fields = {{"Accept", "application/json"}};
  const auto response = fetch(std::move(request));
  ASSERT_TRUE(response) << response.error().text;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "hello");
  EXPECT_THAT(seen, testing::StartsWith("GET /keys?v=1 HTTP/1.1\r\nHost: 127.0.0.1:"));
  EXPECT_THAT(seen, HasSubstr("\r\nAccept: application/json\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nConnection: close\r\n"));
}

class FetchKeeping : public Fetch {
 protected:
  std::string body_of(const std::string& url) {
    auto task = fetcher_.fetch(get(url));
    std::optional<Result<FetchResponse>> result;
    task.then([&](Result<FetchResponse> done) { result.emplace(std::move(done)); });
    EXPECT_TRUE(run_until(loop_, [&] { return result.has_value(); }));
    return !result ? "never" : *result ? (*result)->body : result->error().text;
  }

  std::string answer_ = ok("hello");
  TestServer server_{loop_, [this](const std::string&) { return answer_; }};
  Fetcher fetcher_{loop_, nullptr, Fetcher::Connections::keep};
};

TEST_F(FetchKeeping, UsesAConnectionAgain) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(body_of(server_.url()), "hello");
  EXPECT_EQ(server_.connections(), 1);
}

TEST_F(FetchKeeping, ConnectsAnewWhenTheServerHasClosed) {
  EXPECT_EQ(body_of(server_.url()), "hello");
  server_.close_all();
  EXPECT_EQ(body_of(server_.url()), "hello");
  EXPECT_EQ(server_.connections(), 2);
}

// The server closes when it sees the next request: that is found out only after sending.
TEST_F(FetchKeeping, SendsAgainWhenTheServerClosesMeanwhile) {
  EXPECT_EQ(body_of(server_.url()), "hello");
  auto task = fetcher_.fetch(get(server_.url()));
  std::string body;
  task.then([&](Result<FetchResponse> done) { body = done ? done->body : done.error().text; });
  server_.close_all();
  EXPECT_TRUE(run_until(loop_, [&] { return !body.empty(); }));
  EXPECT_EQ(body, "hello");
  EXPECT_EQ(server_.connections(), 2);
}

TEST_F(FetchKeeping, DropsAConnectionThatCannotBeTrusted) {
  for (const std::string& last :
       {ok("hello") + "surplus",
        std::string("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"),
        std::string("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello")}) {
    const int before = server_.connections();
    answer_ = last;
    EXPECT_EQ(body_of(server_.url()), "hello") << last;
    EXPECT_EQ(body_of(server_.url()), "hello") << last;
    EXPECT_EQ(server_.connections() - before, 2) << last;
  }
}

TEST_F(Fetch, PostsABody) {
  std::string seen;
  TestServer server(loop_, [&](const std::string& request) {
    seen = request;
    return ok("");
  });
  FetchRequest request = get(server.url());
  request.method = http::Method::post;
  request.body = "token=abc";
  ASSERT_TRUE(fetch(std::move(request)));
  EXPECT_THAT(seen, HasSubstr("\r\nContent-Length: 9\r\n"));
  EXPECT_THAT(seen, testing::EndsWith("\r\n\r\ntoken=abc"));
}

TEST_F(Fetch, ResolvesNames) {
  TestServer server(loop_, [](const std::string&) { return ok("hello"); });
  std::string url = server.url();
  url.replace(url.find("127.0.0.1"), 9, "localhost");
  EXPECT_EQ(error_of(url), "status 200");
}

TEST_F(Fetch, SaysWhichServerRefused) {
  EXPECT_EQ(error_of("http://127.0.0.1:1/secret"), "127.0.0.1:1: Connection refused");
}

TEST_F(Fetch, FollowsNoRedirect) {
  TestServer server(loop_, [](const std::string&) {
    return std::string(
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
        "Content-Length: 0\r\n\r\n");
  });
  EXPECT_EQ(error_of(server.url()), "status 302");
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(Fetch, GivesUpAfterTheTimeout) {
  TestServer server(loop_, [](const std::string&) { return std::string(); });
  EXPECT_THAT(error_of(server.url(), {.timeout = Milliseconds(50)}), HasSubstr(": timed out"));
}

TEST_F(Fetch, LimitsTheAnswer) {
  TestServer server(loop_, [](const std::string&) { return ok(std::string(1001, 'x')); });
  EXPECT_THAT(error_of(server.url(), {.max_body_bytes = 1000}),
              HasSubstr("the answer is larger than 1000 bytes"));
}

TEST_F(Fetch, NeverGoesElsewhereWithoutTls) {
  EXPECT_EQ(error_of("http://192.0.2.1/"),
            "192.0.2.1: plain http is for loopback addresses only: use https");
  EXPECT_EQ(error_of("http://as.example/"),
            "as.example: plain http is for loopback addresses only: use https");
}

// What a name stands for is known only later: this is how "localhost" somewhere else would end.
TEST_F(Fetch, LooksAtTheAddressThatANameStandsForToo) {
  event::Promise<FetchResponse> promise(loop_);
  auto task = promise.task();
  FetchJob job(loop_, nullptr, get("http://192.0.2.1/"), {}, nullptr, promise);
  job.start();
  std::string error;
  task.then([&](Result<FetchResponse> done) { error = done ? "answered" : done.error().text; });
  ASSERT_TRUE(run_until(loop_, [&] { return !error.empty(); }));
  EXPECT_EQ(error, "192.0.2.1: plain http is for loopback addresses only: use https");
}

TEST_F(Fetch, NeverSendsAFieldThatBreaksTheMessage) {
  TestServer server(loop_, [](const std::string&) { return ok(""); });
  FetchRequest request = get(server.url());
  request.fields = {{"X", "a\r\nEvil: yes"}};
  const auto result = fetch(std::move(request));
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().text, HasSubstr("cannot be sent"));
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(Fetch, ClosesTheConnectionWhenNobodyWantsTheAnswer) {
  bool asked = false;
  TestServer server(loop_, [&](const std::string&) {
    asked = true;
    return std::string();
  });
  auto task = Fetcher(loop_).fetch(get(server.url()));
  bool called = false;
  task.then([&](Result<FetchResponse>) { called = true; });
  ASSERT_TRUE(run_until(loop_, [&] { return asked; }));
  EXPECT_TRUE(server.is_open());
  task.cancel();
  EXPECT_TRUE(run_until(loop_, [&] { return !server.is_open(); }));
  EXPECT_FALSE(called);
}

TEST_F(Fetch, NeverCompletesInsideTheCall) {
  bool called = false;
  auto task = Fetcher(loop_).fetch(get("http://192.0.2.1/"));
  task.then([&](Result<FetchResponse>) { called = true; });
  EXPECT_FALSE(called);
  loop_.run_once();
  EXPECT_TRUE(called);
}

class FetchSecurely : public Fetch {
 protected:
  FetchSecurely() { trust(ca_); }

  void trust(const test::TestCa& ca) {
    auto made = outbound_tls(dir_.write("ca.pem", ca.certificate_pem()), wall_now());
    ASSERT_TRUE(made) << made.error().text;
    tls_ = *std::move(made);
  }
  std::shared_ptr<tls::ServerContext> server_for(const std::string& dns_name) {
    const auto identity = ca_.issue({.dns_names = {dns_name}, .server_auth = true});
    auto loaded = tls::Credentials::from_pem(identity.chain_pem(), identity.key_pem(), wall_now());
    EXPECT_TRUE(loaded) << loaded.error().text;
    auto config = std::make_shared<tls::ServerConfig>();
    config->listener = "test";
    config->entries.push_back(
        {.id = "all", .names = {}, .credentials = loaded->credentials, .trust = {}});
    config->default_entry = 0;
    auto made = tls::ServerContext::make(std::move(config), nullptr);
    EXPECT_TRUE(made) << made.error().text;
    return *std::move(made);
  }
  static std::string hello(const std::string&) { return ok("hello"); }

  test::TempDir dir_;
  const test::TestCa ca_{"Test CA"};
};

TEST_F(FetchSecurely, GetsADocument) {
  TestServer server(loop_, hello, server_for("localhost"));
  const auto response = fetch(get(server.url()));
  ASSERT_TRUE(response) << response.error().text;
  EXPECT_EQ(response->body, "hello");
}

// The answer fills a record, and what nobody asked for stands in the next one of the same packet:
// TLS has read it ahead, and the kernel has nothing left.
TEST_F(FetchSecurely, DropsAConnectionOnWhichTlsHasReadAhead) {
  constexpr std::size_t kRecord = 16 * 1024;
  const std::size_t head = ok(std::string(10'000, 'x')).size() - 10'000;
  const std::string answer = ok(std::string(kRecord - head, 'x'));
  ASSERT_EQ(answer.size(), kRecord);
  TestServer server(
      loop_, [&](const std::string&) { return answer + ok("poison"); }, server_for("localhost"));
  Fetcher fetcher(loop_, tls_, Fetcher::Connections::keep);
  for (int i = 0; i < 2; ++i) {
    auto task = fetcher.fetch(get(server.url()));
    std::string body;
    task.then([&](Result<FetchResponse> done) { body = done ? done->body : done.error().text; });
    EXPECT_TRUE(run_until(loop_, [&] { return !body.empty(); }));
    EXPECT_EQ(body.substr(0, 6), "xxxxxx");
  }
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(FetchSecurely, RefusesAServerOfAnotherName) {
  TestServer server(loop_, hello, server_for("as.example"));
  EXPECT_THAT(error_of(server.url()), HasSubstr("TLS: the certificate of CN=test does not name"));
}

TEST_F(FetchSecurely, RefusesAServerOfAnUnknownCa) {
  TestServer server(loop_, hello, server_for("localhost"));
  trust(test::TestCa("Another CA"));
  EXPECT_THAT(error_of(server.url()), HasSubstr("TLS: no CA of the trust store outbound issued"));
}

TEST_F(FetchSecurely, NeedsToBeSetUp) {
  tls_ = nullptr;
  EXPECT_EQ(error_of("https://127.0.0.1/"), "127.0.0.1: https is not set up here");
}

TEST(OutboundTls, SaysWhichFileIsWrong) {
  const auto made = outbound_tls("/nowhere/ca.pem", wall_now());
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().text, HasSubstr("/nowhere/ca.pem"));
}

TEST(Resolve, SaysWhichNameHasNoAddress) {
  event::Loop loop;
  std::string error;
  auto task = resolve(loop, "no-such-host.invalid");
  task.then([&](Result<std::vector<net::Address>> found) {
    error = found ? "found" : found.error().text;
  });
  ASSERT_TRUE(run_until(loop, [&] { return !error.empty(); }));
  EXPECT_THAT(error, HasSubstr("cannot resolve no-such-host.invalid"));
}

TEST(Resolve, MayBeForgottenWhileUnderWay) {
  event::Loop loop;
  { auto task = resolve(loop, "localhost"); }
  for (int i = 0; i < 20; ++i) loop.run_once();
}

}  // namespace
}  // namespace sallyport::clients
