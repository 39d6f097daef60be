#include "perf/load/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace sallyport::perf {
namespace {

int connect_to(std::uint16_t port, const std::string& source) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  // A port per connection would be used up by the thousands that end within a minute.
  const linger at_once{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  // Without IP_BIND_ADDRESS_NO_PORT a port would be taken for all destinations.
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  if (inet_pton(AF_INET, source.c_str(), &own.sin_addr) != 1 ||
      ::bind(fd, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0) {
    ::close(fd);
    return -1;
  }
  const int result = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (result == 0 || errno == EINPROGRESS) return fd;
  ::close(fd);
  return -1;
}

}  // namespace

void Connection::open() {
  close();
  const int fd = connect_to(options_.port, options_.source);
  if (fd < 0) return on_lost();
  auto transport = tls_.connect(fd, options_.host);
  if (!transport) return on_lost();
  transport_ = std::move(*transport);
  watch_.emplace(loop_, fd, static_cast<event::WatchHandler&>(*this));
  watch_->want(false, true);
}

void Connection::close() {
  watch_.reset();
  transport_.reset();
  out_.clear();
  is_shaken_ = false;
}

void Connection::shake() {
  const tls::HandshakeResult result = transport_->handshake(loop_.wall());
  using Outcome = tls::HandshakeResult::Outcome;
  if (result.outcome == Outcome::again_read) return watch_->want(true, false);
  if (result.outcome == Outcome::again_write) return watch_->want(false, true);
  if (result.outcome == Outcome::failed) {
    close();
    return on_lost();
  }
  is_shaken_ = true;
  watch_->want(true, false);
  on_open();
}

void Connection::on_readable() {
  if (!is_shaken_) return shake();
  static std::array<char, 256 * 1024> scratch;
  const event::IoResult result = transport_->read(scratch);
  if (result.outcome == event::Io::done) return on_octets({scratch.data(), result.bytes});
  if (result.outcome == event::Io::again_read || result.outcome == event::Io::again_write) return;
  close();
  on_lost();
}

void Connection::on_writable() {
  if (!is_shaken_) return shake();
  flush();
}

void Connection::write(std::string_view octets) {
  const bool was_waiting = !out_.empty();
  out_.append(octets);
  if (!was_waiting) flush();
}

void Connection::flush() {
  std::size_t sent = 0;
  while (sent < out_.size()) {
    const iovec piece{out_.data() + sent, out_.size() - sent};
    const event::IoResult result = transport_->write({&piece, 1});
    if (result.outcome != event::Io::done) break;
    sent += result.bytes;
  }
  out_.erase(0, sent);
  watch_->want_write(!out_.empty());
}

}  // namespace sallyport::perf
