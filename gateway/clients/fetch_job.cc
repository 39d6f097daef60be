#include "gateway/clients/fetch_job.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "gateway/http/serialise.h"

namespace sallyport::clients {
namespace {

// An address that does not answer must leave time for the next one.
constexpr Milliseconds kConnectTimeout = Seconds(3);

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  SocketAddress(const net::Address& address, std::uint16_t port) {
    if (address.family() == net::Family::v4) {
      auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
      v4->sin_family = AF_INET;
      v4->sin_port = htons(port);
      std::memcpy(&v4->sin_addr, address.bytes().data(), sizeof v4->sin_addr);
      length = sizeof *v4;
    } else {
      auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
      v6->sin6_family = AF_INET6;
      v6->sin6_port = htons(port);
      std::memcpy(&v6->sin6_addr, address.bytes().data(), sizeof v6->sin6_addr);
      length = sizeof *v6;
    }
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// write_request returns the head and body, or nothing when a field cannot be sent.
std::string write_request(const FetchRequest& request) {
  const std::string authority = request.url.authority();
  const std::string_view target = request.url.target;
  const std::size_t mark = target.find('?');
  http::RequestHead head;
  head.method = request.method;
  head.method_text = http::to_string(request.method);
  head.authority = authority;
  head.target.path = target.substr(0, mark);
  head.target.has_query = mark != std::string_view::npos;
  if (head.target.has_query) head.target.query = target.substr(mark + 1);
  head.fields.add("User-Agent", "sallyport");
  for (const auto& [name, value] : request.fields) head.fields.add(name, value);
  if (request.method == http::Method::post) {
    head.body = {http::Framing::length, request.body.size()};
  }
  std::string text;
  if (!http::append_request_head(head, http::Persistence::close, text)) return {};
  return text + request.body;
}

}  // namespace

FetchJob::FetchJob(event::Loop& loop, std::shared_ptr<tls::ClientContext> tls, FetchRequest request,
                   FetchLimits limits, event::Promise<FetchResponse> promise)
    : loop_(loop),
      tls_(std::move(tls)),
      request_(std::move(request)),
      limits_(limits),
      promise_(std::move(promise)),
      timer_(loop, *this),
      to_send_(write_request(request_)),
      reader_(request_.method, limits.max_body_bytes) {}

void FetchJob::start() {
  deadline_ = loop_.mono() + limits_.timeout;
  arm_timer();
  if (to_send_.empty()) return fail("a field of the request cannot be sent");
  resolving_ = resolve(loop_, request_.url.host);
  resolving_.then([this](Result<std::vector<net::Address>> found) {
    if (!found) return finish(found.error());
    use(*std::move(found));
  });
}

void FetchJob::use(std::vector<net::Address> addresses) {
  const bool all_loopback = std::all_of(addresses.begin(), addresses.end(),
                                        [](const net::Address& a) { return a.is_loopback(); });
  if (!request_.url.is_secure && !all_loopback) {
    return fail("plain http is for loopback addresses only: use https");
  }
  addresses_ = std::move(addresses);
  try_next("it has no address");
}

void FetchJob::try_next(std::string_view why) {
  phase_ = Phase::connecting;
  while (next_address_ < addresses_.size()) {
    if (connect_to(addresses_[next_address_++])) return arm_timer();
    why = std::strerror(errno);
  }
  fail(why);
}

bool FetchJob::connect_to(const net::Address& address) {
  watch_.reset();
  secure_ = nullptr;
  transport_.reset();
  const SocketAddress to(address, request_.url.port);
  const int fd = socket(to.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || !adopt(fd)) return false;
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd, to.get(), to.length) != 0 && errno != EINPROGRESS) return false;
  watch_ = std::make_unique<event::Watch>(loop_, fd, static_cast<event::WatchHandler&>(*this));
  watch_->want(false, true);
  return true;
}

// adopt gives the descriptor to a transport, which closes it in every case.
bool FetchJob::adopt(int fd) {
  if (!request_.url.is_secure) {
    transport_ = std::make_unique<event::PlainTransport>(fd);
    return true;
  }
  auto secure = tls_->connect(fd, request_.url.host);
  if (!secure) {
    errno = EINVAL;
    return false;
  }
  secure_ = secure->get();
  transport_ = *std::move(secure);
  return true;
}

void FetchJob::arm_timer() {
  MonoTime until = deadline_;
  if (phase_ == Phase::connecting && next_address_ < addresses_.size()) {
    until = std::min(until, loop_.mono() + kConnectTimeout);
  }
  timer_.arm(Milliseconds(std::max<std::int64_t>(0, (until.us - loop_.mono().us) / 1000)));
}

void FetchJob::on_timer() {
  if (phase_ == Phase::connecting && loop_.mono() < deadline_) return try_next("no answer");
  fail("timed out");
}

void FetchJob::advance() {
  switch (phase_) {
    case Phase::connecting:
      return finish_connecting();
    case Phase::handshaking:
      return shake_hands();
    case Phase::sending:
      return send();
    case Phase::reading:
      return read();
    case Phase::resolving:
    case Phase::over:
      return;
  }
}

void FetchJob::finish_connecting() {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(transport_->fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return try_next(std::strerror(error));
  phase_ = request_.url.is_secure ? Phase::handshaking : Phase::sending;
  arm_timer();
  advance();
}

void FetchJob::shake_hands() {
  using Outcome = tls::HandshakeResult::Outcome;
  const auto result = secure_->handshake(loop_.wall());
  switch (result.outcome) {
    case Outcome::again_read:
      return await_io(event::Io::again_read);
    case Outcome::again_write:
      return await_io(event::Io::again_write);
    case Outcome::failed:
      return fail("TLS: " + result.text);
    case Outcome::done:
      break;
  }
  phase_ = Phase::sending;
  send();
}

void FetchJob::send() {
  while (sent_ < to_send_.size()) {
    const iovec piece{to_send_.data() + sent_, to_send_.size() - sent_};
    const auto result = transport_->write({&piece, 1});
    if (result.outcome != event::Io::done) return await_io(result.outcome);
    sent_ += result.bytes;
  }
  phase_ = Phase::reading;
  read();
}

void FetchJob::read() {
  std::array<char, 16 * 1024> buffer;
  for (;;) {
    const auto result = transport_->read(buffer);
    if (result.outcome == event::Io::again_read || result.outcome == event::Io::again_write) {
      return await_io(result.outcome);
    }
    if (result.outcome == event::Io::failed) return fail("the connection broke");
    const auto state = result.outcome == event::Io::end
                           ? reader_.end()
                           : reader_.feed({buffer.data(), result.bytes});
    if (state == FetchReader::State::failed) return fail(reader_.error());
    if (state == FetchReader::State::done) return finish(reader_.take_response());
  }
}

void FetchJob::await_io(event::Io outcome) {
  if (outcome == event::Io::again_read) return watch_->want(true, false);
  if (outcome == event::Io::again_write) return watch_->want(false, true);
  fail("the connection broke");
}

void FetchJob::fail(std::string_view why) {
  finish(Error{Fault::dependency, request_.url.authority() + ": " + std::string(why)});
}

void FetchJob::finish(Result<FetchResponse> result) {
  if (phase_ == Phase::over) return;
  phase_ = Phase::over;
  timer_.disarm();
  watch_.reset();
  secure_ = nullptr;
  transport_.reset();
  promise_.complete(std::move(result));
}

}  // namespace sallyport::clients
