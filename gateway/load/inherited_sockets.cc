#include "gateway/load/inherited_sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "gateway/base/text.h"
#include "gateway/load/addresses.h"
#include "gateway/net/address.h"

namespace sallyport::load {
namespace {

constexpr int kFirst = 3;  // SD_LISTEN_FDS_START
constexpr unsigned kMost = 1024;

// count_in_environment returns how many descriptors were handed to this process; zero if they were
// meant for another one.
unsigned count_in_environment() {
  const char* pid = std::getenv("LISTEN_PID");
  const char* count = std::getenv("LISTEN_FDS");
  unsigned number = 0;
  if (pid != nullptr && count != nullptr && parse_decimal<pid_t>(pid) == getpid()) {
    number = parse_decimal<unsigned>(count).value_or(0);
  }
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) unsetenv(name);
  return number <= kMost ? number : 0;
}

std::optional<int> option_of(int fd, int level, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  if (getsockopt(fd, level, name, &value, &size) != 0) return std::nullopt;
  return value;
}

// address_of writes the address of a bound socket as parse_socket_address does; nothing for one
// that is not of TCP.
std::optional<std::string> address_of(int fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return std::nullopt;
  const auto address = net::Address::from_socket(reinterpret_cast<const sockaddr*>(&bound));
  if (bound.ss_family == AF_INET) {
    return fmt::format("{}:{}", address.text(),
                       ntohs(reinterpret_cast<const sockaddr_in&>(bound).sin_port));
  }
  if (bound.ss_family != AF_INET6) return std::nullopt;
  return fmt::format("[{}]:{}", address.text(),
                     ntohs(reinterpret_cast<const sockaddr_in6&>(bound).sin6_port));
}

// fault_of returns why the gateway cannot serve from a socket.
std::optional<std::string> fault_of(int fd, const std::optional<std::string>& address) {
  if (option_of(fd, SOL_SOCKET, SO_TYPE) != SOCK_STREAM || !address) {
    return fmt::format("descriptor {} was handed over and is not a socket of TCP", fd);
  }
  if (option_of(fd, SOL_SOCKET, SO_ACCEPTCONN) != 1) {
    return fmt::format("the socket of {} was handed over and does not listen: Accept=no is needed",
                       *address);
  }
  // Else IPv4 clients come with addresses that no rule for IPv4 is about.
  if (option_of(fd, SOL_SOCKET, SO_DOMAIN) == AF_INET6 &&
      option_of(fd, IPPROTO_IPV6, IPV6_V6ONLY) != 1) {
    return fmt::format(
        "the socket of {} was handed over and takes IPv4 as well: BindIPv6Only=ipv6-only is needed",
        *address);
  }
  return std::nullopt;
}

}  // namespace

InheritedSockets InheritedSockets::take_from_environment() {
  InheritedSockets inherited;
  const unsigned count = count_in_environment();
  for (unsigned i = 0; i < count; ++i) inherited.take(kFirst + static_cast<int>(i));
  return inherited;
}

void InheritedSockets::take(int fd) {
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    faults_.push_back(fmt::format("descriptor {} was promised by LISTEN_FDS and is not open", fd));
    return;
  }
  Descriptor owned(fd);
  auto address = address_of(fd);
  if (auto fault = fault_of(fd, address)) {
    faults_.push_back(std::move(*fault));
    return;
  }
  prepare_listener(fd);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  sockets_.push_back({std::move(owned), std::move(*address)});
}

Result<std::vector<int>> InheritedSockets::for_workers(std::string_view address,
                                                       std::size_t workers) {
  std::vector<int> of_address;
  for (Socket& socket : sockets_) {
    if (socket.address != address) continue;
    socket.is_used = true;
    of_address.push_back(socket.fd.get());
  }
  std::vector<int> handed;
  if (of_address.empty()) return handed;
  if (of_address.size() > workers) {
    return Error{
        Fault::gateway,
        fmt::format("{}: {} sockets were handed over, and there are {} workers: hand over at "
                    "most one for each",
                    address, of_address.size(), workers)};
  }
  for (std::size_t i = 0; i < workers; ++i) {
    const int fd = fcntl(of_address[i % of_address.size()], F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
      const int error = errno;
      for (const int open : handed) close(open);
      return Error{Fault::gateway, fmt::format("{}: {}", address, std::strerror(error))};
    }
    handed.push_back(fd);
  }
  return handed;
}

std::vector<std::string> InheritedSockets::unused() const {
  std::vector<std::string> addresses;
  for (const Socket& socket : sockets_) {
    if (!socket.is_used) addresses.push_back(socket.address);
  }
  return addresses;
}

}  // namespace sallyport::load
