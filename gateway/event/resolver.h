#pragma once

// Resolver looks names up without blocking, by c-ares: in /etc/hosts, then in the DNS. It asks with
// EDNS (RFC 6891), again over TCP where an answer was truncated (RFC 7766 section 5), and asks the
// next server where one is silent or fails. A name is looked up as it is written: no search list is
// applied.

#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/event/loop.h"
#include "gateway/event/task.h"

namespace sallyport::event {

struct ResolverSettings {
  std::vector<std::string> nameservers;  // "192.0.2.53" or "127.0.0.1:5353"; empty: resolv.conf's
  Milliseconds timeout{2'000};  // of one question to one server; it doubles with each round
  int attempts = 2;             // rounds: how often each server is asked one question
};

// Every Resolver reads the system's files anew, so that whoever asks from time to time makes a new
// one each time and sees what has changed in them.
class Resolver {
 public:
  // Addresses have port zero.
  using Addresses = std::vector<sockaddr_storage>;
  static constexpr std::size_t kMaxAddresses = 1024;

  Resolver(Loop& loop, const ResolverSettings& settings);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // resolve asks for IPv4 and IPv6 addresses; an error when there is none of either. The task may
  // outlive the resolver.
  Task<Addresses> resolve(const std::string& name);

 private:
  class Channel;
  struct Question;
  Loop& loop_;
  std::shared_ptr<Channel> channel_;
};

}  // namespace sallyport::event
