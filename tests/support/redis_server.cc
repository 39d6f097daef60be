#include "tests/support/redis_server.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "gateway/base/check.h"

namespace sallyport::test {
namespace {

// Debian's redis-tools has the server under this name, and redis-server is a link to it. What the
// program is called decides what it does; so the tests need no package that starts a service.
constexpr const char* kProgram = "/usr/bin/redis-check-rdb";

std::vector<std::string> arguments(const std::string& folder, const RedisServer::Spec& spec) {
  std::vector<std::string> words{"redis-server"};
  if (!spec.sentinel_file.empty()) words.insert(words.end(), {spec.sentinel_file, "--sentinel"});
  const auto add = [&](const std::string& name, const std::string& value) {
    words.push_back("--" + name);
    words.push_back(value);
  };
  add("dir", folder);
  add("port", std::to_string(spec.port));
  add("bind", "127.0.0.1");
  add("logfile", folder + "/redis.log");
  if (spec.sentinel_file.empty()) {
    add("unixsocket", folder + "/redis.sock");
    add("save", "");
  }
  words.insert(words.end(), spec.options.begin(), spec.options.end());
  return words;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

}  // namespace

RedisServer::RedisServer(const std::string& folder, Spec spec)
    : folder_(folder), spec_(std::move(spec)) {
  start();
}

RedisServer::~RedisServer() {
  if (pid_ > 0) kill();
}

void RedisServer::start() {
  SALLYPORT_CHECK(pid_ <= 0);
  unlink(socket().c_str());
  std::vector<std::string> words = arguments(folder_, spec_);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = fork();
  SALLYPORT_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    execv(kProgram, argv.data());
    _exit(127);
  }
  for (int tries = 0; !answers(); ++tries) {
    // Ended already, or never ready: a test can say nothing then.
    SALLYPORT_CHECK(waitpid(pid_, nullptr, WNOHANG) == 0 && tries < 2000);
    usleep(5000);
  }
}

bool RedisServer::answers() const {
  const bool by_port = !spec_.sentinel_file.empty();
  const int fd = ::socket(by_port ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int outcome = -1;
  if (by_port) {
    const sockaddr_in address = loopback(spec_.port);
    outcome = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  } else {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket().c_str(), sizeof address.sun_path - 1);
    outcome = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  close(fd);
  return outcome == 0;
}

void RedisServer::signal(int number) const {
  SALLYPORT_CHECK(pid_ > 0);
  ::kill(pid_, number);
}

void RedisServer::kill() {
  signal(SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

RedisServer::Spec RedisServer::cluster_node() {
  return {.port = free_port(),
          .options = {"--cluster-enabled", "yes", "--cluster-port", std::to_string(free_port())}};
}

std::uint16_t RedisServer::free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  SALLYPORT_CHECK(bind(fd, generic, size) == 0 && getsockname(fd, generic, &size) == 0);
  close(fd);
  return ntohs(address.sin_port);
}

}  // namespace sallyport::test
