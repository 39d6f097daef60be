// The resolver against name servers that truncate, fail, are silent, or know no EDNS.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gateway/event/resolver.h"

namespace sallyport::event {
namespace {

constexpr std::uint16_t kA = 1, kCname = 5, kAaaa = 28;

std::string u16(std::size_t number) {
  return {static_cast<char>(number >> 8 & 0xFF), static_cast<char>(number & 0xFF)};
}
std::string record(const std::string& name, std::uint16_t kind, const std::string& data) {
  return name + u16(kind) + u16(1) + u16(0) + u16(60) + u16(data.size()) + data;
}
std::string labels(const std::string& name) {
  std::string wire;
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t dot = std::min(name.find('.', at), name.size());
    wire.append(1, static_cast<char>(dot - at)).append(name, at, dot - at);
    at = dot + 1;
  }
  return wire.append(1, '\0');
}

struct Query {
  std::uint16_t kind = 0;
  bool has_edns = false;
  bool over_tcp = false;
};

// Reply is what a server says: a code, and the records of the answer.
struct Reply {
  int code = 0;
  std::vector<std::string> records;
  bool is_silent = false;
};

// NameServer answers on one port over UDP and TCP, and truncates what does not fit UDP.
class NameServer {
 public:
  explicit NameServer(std::function<Reply(const Query&)> answer, bool heeds_edns = true)
      : answer_(std::move(answer)), heeds_edns_(heeds_edns) {
    // A port may be free for one protocol and not for the other.
    for (int i = 0; i < 100 && tcp_ < 0; ++i) {
      if (udp_ >= 0) close(udp_);
      udp_ = bound(SOCK_DGRAM, 0);
      tcp_ = bound(SOCK_STREAM, port(udp_));
    }
    EXPECT_GE(tcp_, 0);
    listen(tcp_, 8);
    thread_ = std::thread([this] { serve(); });
  }
  ~NameServer() {
    stopping_ = true;
    thread_.join();
    close(udp_);
    close(tcp_);
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port(udp_)); }
  std::atomic<int> asked = 0;  // queries
  std::atomic<int> asked_over_tcp = 0;

 private:
  static int bound(int kind, std::uint16_t at) {
    const int fd = socket(AF_INET, kind | SOCK_CLOEXEC, 0);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_port = htons(at);
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&here), sizeof here) == 0) return fd;
    close(fd);
    return -1;
  }
  static std::uint16_t port(int fd) {
    sockaddr_in here{};
    socklen_t size = sizeof here;
    getsockname(fd, reinterpret_cast<sockaddr*>(&here), &size);
    return ntohs(here.sin_port);
  }

  void serve() {
    while (!stopping_) {
      pollfd both[2] = {{udp_, POLLIN, 0}, {tcp_, POLLIN, 0}};
      if (poll(both, 2, 10) <= 0) continue;
      if ((both[0].revents & POLLIN) != 0) serve_udp();
      if ((both[1].revents & POLLIN) != 0) serve_tcp();
    }
  }
  void serve_udp() {
    char message[1500];
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    const auto got =
        recvfrom(udp_, message, sizeof message, 0, reinterpret_cast<sockaddr*>(&peer), &size);
    if (got <= 0) return;
    const std::string reply = answer({message, static_cast<std::size_t>(got)}, false);
    if (!reply.empty()) {
      sendto(udp_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&peer), size);
    }
  }
  void serve_tcp() {
    const int peer = accept(tcp_, nullptr, nullptr);
    for (;;) {
      unsigned char length[2];
      if (recv(peer, length, 2, MSG_WAITALL) != 2) break;
      std::string message(std::size_t{length[0]} << 8 | length[1], '\0');
      if (recv(peer, message.data(), message.size(), MSG_WAITALL) < 0) break;
      const std::string reply = answer(message, true);
      const std::string framed = u16(reply.size()) + reply;
      if (send(peer, framed.data(), framed.size(), MSG_NOSIGNAL) < 0) break;
    }
    close(peer);
  }

  std::string answer(const std::string& message, bool over_tcp) {
    std::size_t end = 12;
    while (message[end] != 0) end += static_cast<unsigned char>(message[end]) + 1u;
    const std::string question = message.substr(12, end + 5 - 12);
    const Query query{static_cast<std::uint16_t>(static_cast<unsigned char>(message[end + 2])),
                      message[11] == 1, over_tcp};
    ++asked;
    asked_over_tcp += over_tcp ? 1 : 0;
    const Reply reply = answer_(query);
    if (reply.is_silent) return {};
    std::string body;
    for (const std::string& row : reply.records) body += row;
    const bool is_cut = !over_tcp && body.size() > (query.has_edns && heeds_edns_ ? 1200u : 450u);
    std::string head = message.substr(0, 2);
    head += u16(0x8180u | (is_cut ? 0x0200u : 0u) | static_cast<unsigned>(reply.code)) + u16(1) +
            u16(is_cut ? 0 : reply.records.size()) + u16(0) + u16(0);
    return head + question + (is_cut ? "" : body);
  }

  const std::function<Reply(const Query&)> answer_;
  const bool heeds_edns_;
  int udp_ = -1, tcp_ = -1;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

const std::string kAsked = "\xC0\x0C";  // the name of the question

std::string address_of(std::size_t number) {
  return std::string("\x7F", 1) + static_cast<char>(1 + number / 250) + std::string(1, '\0') +
         static_cast<char>(1 + number % 250);
}

std::function<Reply(const Query&)> addresses(std::size_t count) {
  return [count](const Query& query) {
    Reply reply;
    if (query.kind != kA) return reply;
    for (std::size_t i = 0; i < count; ++i) {
      reply.records.push_back(record(kAsked, kA, address_of(i)));
    }
    return reply;
  };
}

Result<Resolver::Addresses> look_up(const std::vector<std::string>& servers,
                                    Milliseconds timeout = Milliseconds(2'000)) {
  Loop loop;
  Resolver resolver(loop, {servers, timeout, 2});
  std::optional<Result<Resolver::Addresses>> answer;
  auto task = resolver.resolve("fdx.internal.example");
  task.then([&](Result<Resolver::Addresses> result) {
    answer.emplace(std::move(result));
    loop.stop();
  });
  loop.run();
  return std::move(*answer);
}

std::size_t distinct(const Resolver::Addresses& all) {
  std::set<std::uint32_t> seen;
  for (const auto& one : all) {
    seen.insert(reinterpret_cast<const sockaddr_in&>(one).sin_addr.s_addr);
  }
  return seen.size();
}

TEST(ResolverDns, AsksAgainOverTcpWhenAnAnswerIsTruncated) {
  for (const std::size_t count : {60u, 600u}) {
    NameServer server(addresses(count), false);
    const auto found = look_up({server.address()});
    ASSERT_TRUE(found) << found.error().text;
    EXPECT_EQ(distinct(*found), count);
    EXPECT_EQ(server.asked_over_tcp.load(), 1);
  }
}

TEST(ResolverDns, NeedsNoTcpForWhatFitsEdns) {
  NameServer server(addresses(40));  // 640 octets: more than 512, less than what we offer
  const auto found = look_up({server.address()});
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(distinct(*found), 40u);
  EXPECT_EQ(server.asked_over_tcp.load(), 0);
}

TEST(ResolverDns, AsksWithoutEdnsWhereAServerDoesNotKnowIt) {
  NameServer server([](const Query& query) {
    if (query.has_edns) return Reply{1, {}, false};  // FORMERR
    return addresses(3)(query);
  });
  const auto found = look_up({server.address()});
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(distinct(*found), 3u);
}

TEST(ResolverDns, FollowsALongChainOfAliases) {
  NameServer server([](const Query& query) {
    Reply reply;
    std::string name = kAsked;
    for (int i = 0; i < 16; ++i) {
      const std::string next = labels("hop" + std::to_string(i) + ".cdn.example");
      reply.records.push_back(record(name, kCname, next));
      name = next;
    }
    if (query.kind == kA) reply.records.push_back(record(name, kA, address_of(7)));
    return reply;
  });
  const auto found = look_up({server.address()});
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(found->size(), 1u);
}

TEST(ResolverDns, ReturnsAddressesOfBothFamilies) {
  NameServer server([](const Query& query) {
    if (query.kind == kAaaa)
      return Reply{0, {record(kAsked, kAaaa, std::string(15, '\0') + '\1')}, false};
    return addresses(1)(query);
  });
  const auto found = look_up({server.address()});
  ASSERT_TRUE(found) << found.error().text;
  std::set<int> families;
  for (const auto& one : *found) families.insert(one.ss_family);
  EXPECT_EQ(families, (std::set<int>{AF_INET, AF_INET6}));
}

TEST(ResolverDns, TakesOneFamilyWhereTheServerFailsTheOther) {
  NameServer server([](const Query& query) {
    if (query.kind == kAaaa) return Reply{2, {}, false};  // SERVFAIL, as some balancers say
    return addresses(2)(query);
  });
  const auto found = look_up({server.address()}, Milliseconds(50));
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(distinct(*found), 2u);
}

TEST(ResolverDns, AsksTheNextServerWhereOneFailsOrIsSilent) {
  NameServer failing([](const Query&) { return Reply{2, {}, false}; });
  NameServer silent([](const Query&) { return Reply{0, {}, true}; });
  NameServer good(addresses(2));
  const auto found =
      look_up({failing.address(), silent.address(), good.address()}, Milliseconds(50));
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(distinct(*found), 2u);
}

TEST(ResolverDns, EndsWithAnErrorWhenNobodyAnswersInTime) {
  NameServer silent([](const Query&) { return Reply{0, {}, true}; });
  const MonoTime began = mono_now();
  const auto found = look_up({silent.address()}, Milliseconds(50));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().text.find("fdx.internal.example cannot be resolved: "), 0u);
  EXPECT_LT(mono_now().us - began.us, 2'000'000);
}

TEST(ResolverDns, DoesNotApplyTheSearchList) {
  std::atomic<int> asked = 0;
  NameServer server([&](const Query&) {
    ++asked;
    return Reply{3, {}, false};  // NXDOMAIN
  });
  EXPECT_FALSE(look_up({server.address()}));
  EXPECT_LE(asked.load(), 2) << "one question for each family, and no other name";
}

}  // namespace
}  // namespace sallyport::event
