#pragma once

// RedisServer is a real redis-server process for one test, or a sentinel. It listens on a Unix
// socket in the test's folder and on request on loopback ports, and ends with the object.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace sallyport::test {

class RedisServer {
 public:
  struct Spec {
    std::uint16_t port = 0;                 // zero: no TCP
    std::vector<std::string> options = {};  // as on the command line: "--requirepass", "secret"
    std::string sentinel_file = {};         // a sentinel with this configuration file
  };

  // Starts the server and waits until it answers on its socket (a sentinel: on its port). `folder`
  // must outlive it.
  RedisServer(const std::string& folder, Spec spec);
  explicit RedisServer(const std::string& folder) : RedisServer(folder, Spec{}) {}
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  std::string socket() const { return folder_ + "/redis.sock"; }
  std::string server() const { return "unix:" + socket(); }
  std::uint16_t port() const { return spec_.port; }

  void signal(int number) const;
  // kill ends it as a crash would; start starts it again.
  void kill();
  void start();

  static std::uint16_t free_port();
  // cluster_node is what makes a server a node of a Redis Cluster, alone and without slots.
  static Spec cluster_node();

 private:
  bool answers() const;

  const std::string folder_;
  const Spec spec_;
  pid_t pid_ = -1;
};

}  // namespace sallyport::test
