#include "gateway/load/addresses.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "gateway/base/text.h"
#include "gateway/net/address.h"

namespace sallyport::load {
namespace {

constexpr int kBacklog = 4096;

Error bad(std::string text) { return {Fault::gateway, std::move(text)}; }

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};

std::optional<HostPort> split(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const auto port = parse_decimal<std::uint16_t>(text.substr(colon + 1));
  if (!port) return std::nullopt;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;  // an IPv6 address without brackets
  }
  return HostPort{std::string(host), *port};
}

std::string join(const std::string& host, std::uint16_t port) {
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > 253 || host.front() == '.' || host.front() == '-') return false;
  return std::all_of(host.begin(), host.end(), [](char c) {
    return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
  });
}

Result<proxy::ServerSpec> unix_server(const std::string& text) {
  proxy::ServerSpec server;
  server.text = text;
  auto& address = reinterpret_cast<sockaddr_un&>(server.address);
  address.sun_family = AF_UNIX;
  const std::string path = text.substr(5);
  if (path.empty() || path.front() != '/' || path.size() >= sizeof address.sun_path) {
    return bad("\"" + text + "\" needs an absolute path shorter than " +
               std::to_string(sizeof address.sun_path) + " bytes after \"unix:\"");
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  server.length = sizeof(sockaddr_un);
  return server;
}

}  // namespace

Result<SocketAddress> parse_socket_address(std::string_view text) {
  const auto parts = split(text);
  const auto address = parts ? net::Address::parse(parts->host) : std::nullopt;
  if (!address) {
    return bad("\"" + std::string(text) +
               "\" is no address: write 0.0.0.0:443, 127.0.0.1:8443 or [::]:443");
  }
  SocketAddress result;
  result.host = address->text();
  result.port = parts->port;
  result.text = join(result.host, result.port);
  result.is_loopback = address->is_loopback();
  if (address->family() == net::Family::v4) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(result.address);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(parts->port);
    std::memcpy(&v4.sin_addr, address->bytes().data(), 4);
    result.length = sizeof v4;
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(result.address);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(parts->port);
    std::memcpy(&v6.sin6_addr, address->bytes().data(), 16);
    result.length = sizeof v6;
  }
  return result;
}

Result<proxy::ServerSpec> parse_server(const std::string& text) {
  if (text.starts_with("unix:")) return unix_server(text);
  const auto parts = split(text);
  const bool is_address = parts && net::Address::parse(parts->host).has_value();
  if (!parts || parts->port == 0 || (!is_address && !is_host_name(parts->host))) {
    return bad("\"" + text + "\" is no server: write host:port, [v6]:port or unix:/path");
  }
  proxy::ServerSpec server;
  server.text = text;
  server.host = parts->host;
  server.port = parts->port;
  if (!is_address) return server;
  const auto address = parse_socket_address(text);
  server.text = address->text;
  server.address = address->address;
  server.length = address->length;
  return server;
}

// What the kernel takes of an answer before it has a window to send it in. Without a bound it takes
// megabytes for each client that hardly reads, and the gateway encrypts them for nothing.
constexpr int kMaxUnsent = 128 * 1024;

namespace {

void set_flag(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof value);
}

// bind_one binds exclusively unless the port is to be `shared` with a socket of ours.
Result<int> bind_one(const sockaddr* to, socklen_t length, bool shared) {
  const int fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return bad(std::string("cannot make a socket: ") + std::strerror(errno));
  if (to->sa_family == AF_INET6) set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  prepare_listener(fd);
  // Connections of an earlier process that are in TIME_WAIT do not matter.
  set_flag(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (shared) set_flag(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (bind(fd, to, length) != 0) {
    const int error = errno;
    close(fd);
    if (error == EADDRINUSE) return bad("another process listens there already");
    return bad(std::string("cannot bind: ") + std::strerror(error));
  }
  set_flag(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  // While nobody listens, SO_REUSEADDR would let another process bind as well. start_listening sets
  // it again.
  set_flag(fd, SOL_SOCKET, SO_REUSEADDR, 0);
  return fd;
}

}  // namespace

void prepare_listener(int fd) {
  set_flag(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_flag(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kMaxUnsent);
}

Result<std::vector<int>> bind_listeners(const SocketAddress& address, std::size_t count) {
  std::vector<int> fds;
  sockaddr_storage to = address.address;
  socklen_t length = address.length;
  while (fds.size() < count) {
    const auto fd = bind_one(reinterpret_cast<const sockaddr*>(&to), length, !fds.empty());
    if (!fd) {
      for (const int open : fds) close(open);
      return bad(address.text + ": " + fd.error().text);
    }
    fds.push_back(*fd);
    // Where the kernel chose the port, the others have the same one.
    getsockname(fds.front(), reinterpret_cast<sockaddr*>(&to), &length);
  }
  return fds;
}

Result<void> start_listening(int fd) {
  if (listen(fd, kBacklog) != 0) return bad(std::string("cannot listen: ") + std::strerror(errno));
  set_flag(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  return {};
}

}  // namespace sallyport::load
