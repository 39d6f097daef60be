#pragma once

// Resolver looks names up without blocking: in /etc/hosts, then in the DNS.

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
  Milliseconds timeout{2'000};           // of one question to one server
  int attempts = 2;                      // of a question
};

// Every Resolver reads the system's files anew, so that whoever asks from time to time makes a new
// one each time and sees what has changed in them.
class Resolver {
 public:
  // Addresses have port zero.
  using Addresses = std::vector<sockaddr_storage>;
  static constexpr std::size_t kMaxAddresses = 64;

  Resolver(Loop& loop, const ResolverSettings& settings);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // resolve asks for IPv4 and IPv6 addresses; an error when there is none of either. The task may
  // outlive the resolver.
  Task<Addresses> resolve(const std::string& name);

 private:
  class Base;
  Loop& loop_;
  std::shared_ptr<Base> base_;
};

}  // namespace sallyport::event
