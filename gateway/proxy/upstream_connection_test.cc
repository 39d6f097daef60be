#include "gateway/proxy/upstream_connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gateway/event/transport.h"
#include "gateway/policy/reasons.h"
#include "gateway/proxy/upstream_fixture.h"

namespace sallyport::proxy {
namespace {

namespace reasons = policy::reasons;

// CountingTransport counts the system calls that write.
class CountingTransport final : public event::Transport {
 public:
  CountingTransport(int fd, int& writes) : inner_(fd), writes_(writes) {}
  int fd() const override { return inner_.fd(); }
  event::IoResult read(std::span<char> to) override { return inner_.read(to); }
  event::IoResult write(std::span<const iovec> pieces) override {
    ++writes_;
    return inner_.write(pieces);
  }
  void close_write() override { inner_.close_write(); }

 private:
  event::PlainTransport inner_;
  int& writes_;
};

// One connection over a pair of sockets; the test is the server.
class OneConnection : public ::testing::Test,
                      protected UpstreamListener,
                      protected UpstreamStream::IdleOwner,
                      protected SurplusListener {
 protected:
  OneConnection() {
    upstream_.name = "api";
    route_.id = "accounts";
    std::array<int, 2> pair{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()), 0);
    server_end_ = pair[1];
    connection_ = std::make_unique<UpstreamConnection>(context_, server_);
    connection_->adopt(std::make_unique<CountingTransport>(pair[0], writes_),
                       static_cast<UpstreamListener&>(*this));
  }
  ~OneConnection() override { close(server_end_); }

  void ask(http::Method method, http::BodyShape body = {}) {
    http::RequestHead head;
    head.method = method;
    head.method_text = http::to_string(method);
    head.target.path = "/";
    head.authority = "api";
    head.body = body;
    connection_->send_request(head, arena_);
  }
  // received is what the server got since the last call, with what leaves in this turn of the loop.
  std::string received() {
    loop_.run_once();
    std::array<char, 16 * 1024> buffer{};
    const ssize_t got = read(server_end_, buffer.data(), buffer.size());
    return {buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
  }
  void say(std::string_view text) {
    EXPECT_EQ(write(server_end_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void answer(std::string_view text) {
    say(text);
    loop_.run_once();
  }
  bool asks_to_close() { return received().find("Connection: close\r\n") != std::string::npos; }

  void on_connected() override {}
  void on_response_head(http::ResponseHead&) override {}
  void on_response_body(std::string_view) override {}
  void on_response_end(const http::Fields&) override { has_ended_ = true; }
  void on_upstream_writable() override {}
  void on_upstream_failed(const Failure& failure) override { failure_ = failure; }
  const policy::Route* route() const override { return &route_; }
  void on_idle_end(UpstreamStream&) override { idle_has_ended_ = true; }
  void on_surplus(const policy::Route& route, const Upstream& upstream, const Server&) override {
    alarms_.push_back(upstream.name + ":" + route.id);
  }

  event::Loop loop_;
  int writes_ = 0;
  Upstream upstream_ = roomy_upstream();
  Server server_;
  policy::Route route_;
  std::array<char, 4096> scratch_{};
  const UpstreamContext context_{loop_, upstream_, nullptr, scratch_, this};
  Arena arena_;
  int server_end_ = -1;
  std::unique_ptr<UpstreamConnection> connection_;
  Failure failure_;
  bool has_ended_ = false;
  bool idle_has_ended_ = false;
  std::vector<std::string> alarms_;
};

using http::Framing;
using http::Method;
constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

TEST_F(OneConnection, IsKeptAfterARequestWithoutContent) {
  ask(Method::get);
  EXPECT_FALSE(asks_to_close());
  answer(kOk);
  EXPECT_TRUE(has_ended_);
  EXPECT_TRUE(connection_->is_reusable());
}

TEST_F(OneConnection, IsClosedAfterContent) {
  ask(Method::post, {Framing::length, 2});
  connection_->send_body("ab");
  connection_->send_end({});
  EXPECT_TRUE(asks_to_close());
  answer(kOk);
  EXPECT_TRUE(has_ended_);
  EXPECT_FALSE(connection_->is_reusable());
}

TEST_F(OneConnection, WritesAtOnceWhatComesInSmallPieces) {
  ask(Method::post, {Framing::chunked, 0});
  for (int i = 0; i < 1000; ++i) connection_->send_body("x");
  connection_->send_end({});
  EXPECT_NE(received().find("\r\n0\r\n\r\n"), std::string::npos);
  EXPECT_EQ(writes_, 1);
}

TEST_F(OneConnection, IsClosedAfterHead) {
  ask(Method::head);
  EXPECT_TRUE(asks_to_close());
  answer(kOk);
  EXPECT_FALSE(connection_->is_reusable());
}

TEST_F(OneConnection, IsKeptAfterContentWhereTheServerIsVouchedFor) {
  upstream_.reuse_after_content = true;
  ask(Method::post, {Framing::chunked, 0});
  connection_->send_body("ab");
  connection_->send_end({});
  EXPECT_FALSE(asks_to_close());
  answer(kOk);
  EXPECT_TRUE(connection_->is_reusable());
}

TEST_F(OneConnection, IsNotKeptForAMethodWhoseContentHasNoMeaning) {
  upstream_.reuse_after_content = true;
  ask(Method::delete_, {Framing::length, 2});
  connection_->send_body("ab");
  connection_->send_end({});
  EXPECT_TRUE(asks_to_close());
  answer(kOk);
  EXPECT_FALSE(connection_->is_reusable());
}

TEST_F(OneConnection, IsNotKeptWhenTheAnswerBeganBeforeTheRequestWasWhole) {
  upstream_.reuse_after_content = true;
  ask(Method::post, {Framing::length, 2});
  connection_->send_body("a");
  answer("HTTP/1.1 403 No\r\nContent-Length: 1\r\n\r\n");
  connection_->send_body("b");
  connection_->send_end({});
  answer("x");
  EXPECT_TRUE(has_ended_);
  EXPECT_FALSE(connection_->is_reusable());
}

// Whatever codec or policy is mistaken: octets that no head announced would be another request.
TEST_F(OneConnection, WritesNoContentThatWasNotAnnounced) {
  ask(Method::get);
  received();
  connection_->send_body("POST /hidden HTTP/1.1\r\n\r\n");
  EXPECT_EQ(failure_.reason, &reasons::kUnwritable);
  EXPECT_EQ(received(), "");
}

TEST_F(OneConnection, WritesNoMoreAndNoLessThanTheLength) {
  ask(Method::post, {Framing::length, 3});
  connection_->send_body("ab");
  received();
  connection_->send_body("cd");
  EXPECT_EQ(failure_.reason, &reasons::kUnwritable);
  EXPECT_EQ(received(), "");
}

TEST_F(OneConnection, DoesNotEndARequestThatIsShort) {
  ask(Method::post, {Framing::length, 3});
  connection_->send_body("ab");
  connection_->send_end({});
  EXPECT_EQ(failure_.reason, &reasons::kUnwritable);
}

TEST_F(OneConnection, TellsOfOctetsBehindTheAnswer) {
  ask(Method::get);
  answer(std::string(kOk) + "HTTP/1.1");
  EXPECT_TRUE(has_ended_);
  EXPECT_FALSE(connection_->is_reusable());
  EXPECT_EQ(alarms_, std::vector<std::string>{"api:accounts"});
}

TEST_F(OneConnection, TellsOfOctetsWhileItIsIdle) {
  ask(Method::get);
  answer(kOk);
  connection_->become_idle(*this);
  answer("HTTP/1.1 400 Bad\r\n");
  EXPECT_TRUE(idle_has_ended_);
  EXPECT_EQ(alarms_, std::vector<std::string>{"api:accounts"});
}

TEST_F(OneConnection, SaysNothingOfAServerThatCloses) {
  ask(Method::get);
  answer(kOk);
  connection_->become_idle(*this);
  shutdown(server_end_, SHUT_WR);
  loop_.run_once();
  EXPECT_TRUE(idle_has_ended_);
  EXPECT_TRUE(alarms_.empty());
}

// Before the loop could tell: the next request is there first.
TEST_F(OneConnection, AsksTheKernelWhereContentMayHaveBeenLeft) {
  upstream_.reuse_after_content = true;
  ask(Method::post, {Framing::length, 2});
  connection_->send_body("ab");
  connection_->send_end({});
  answer(kOk);
  connection_->become_idle(*this);
  EXPECT_TRUE(connection_->is_quiet());
  say("HTTP/1.1 400 Bad\r\n");
  EXPECT_FALSE(connection_->is_quiet());
  EXPECT_EQ(alarms_.size(), 1U);
}

TEST_F(OneConnection, IsNotKeptAfterNotModifiedThatAnnouncesContent) {
  ask(Method::get);
  answer("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n");
  EXPECT_TRUE(has_ended_);
  EXPECT_FALSE(connection_->is_reusable());
}

}  // namespace
}  // namespace sallyport::proxy
