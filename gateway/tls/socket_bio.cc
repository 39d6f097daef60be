#include "gateway/tls/socket_bio.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "gateway/base/check.h"

namespace sallyport::tls {
namespace {

// Room for more than one full record (RFC 8446 section 5.2: 16 KiB and 261 bytes).
constexpr std::size_t kReadAhead = 34 * 1024;
// More than this can only wait when the peer makes us answer and never reads.
constexpr std::size_t kMaxPending = 256 * 1024;

// One set of buffers a thread: nothing stays in them between two calls.
struct Buffers {
  std::array<char, kReadAhead> in;
  std::vector<char> out;
};

Buffers& buffers() {
  thread_local Buffers instance;
  return instance;
}

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

SocketBio::SocketBio(int fd, std::string_view already_read)
    : fd_(fd), saved_(already_read.begin(), already_read.end()) {}

SocketBio::~SocketBio() {
  if (fd_ >= 0) close(fd_);
}

const BIO_METHOD* SocketBio::method() {
  static const BIO_METHOD* const instance = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    SALLYPORT_CHECK(made != nullptr && BIO_meth_set_read(made, read_cb) == 1 &&
                    BIO_meth_set_write(made, write_cb) == 1 &&
                    BIO_meth_set_ctrl(made, ctrl_cb) == 1);
    return made;
  }();
  return instance;
}

bssl::UniquePtr<BIO> SocketBio::make_bio() {
  bssl::UniquePtr<BIO> bio(BIO_new(method()));
  SALLYPORT_CHECK(bio);
  BIO_set_data(bio.get(), this);
  BIO_set_init(bio.get(), 1);
  return bio;
}

SocketBio& SocketBio::of(BIO* bio) { return *static_cast<SocketBio*>(BIO_get_data(bio)); }

int SocketBio::read_cb(BIO* bio, char* to, int size) {
  if (size <= 0) return 0;
  return of(bio).read(bio, to, static_cast<std::size_t>(size));
}

int SocketBio::write_cb(BIO*, const char* from, int size) {
  auto& out = buffers().out;
  out.insert(out.end(), from, from + std::max(size, 0));
  return size;
}

long SocketBio::ctrl_cb(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

void SocketBio::begin() {
  SALLYPORT_CHECK(input_.empty() && buffers().out.empty());
  drained_ = false;
  sent_ = 0;
}

void SocketBio::end() {
  if (!input_.empty()) {
    SALLYPORT_CHECK(!has_input());
    saved_.assign(input_.begin(), input_.end());
    saved_at_ = 0;
    input_ = {};
  } else if (!has_input()) {
    std::vector<char>().swap(saved_);
    saved_at_ = 0;
  }
  buffers().out.clear();
}

int SocketBio::read(BIO* bio, char* to, std::size_t size) {
  BIO_clear_retry_flags(bio);
  if (has_input()) {
    const std::size_t taken = std::min(size, saved_.size() - saved_at_);
    const int given = hand_out(to, saved_.data() + saved_at_, taken);
    saved_at_ += taken;
    return given;
  }
  if (input_.empty() && !receive()) {
    if (peer_left_) return socket_error_ == 0 ? 0 : -1;
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t taken = std::min(size, input_.size());
  const int given = hand_out(to, input_.data(), taken);
  input_.remove_prefix(taken);
  return given;
}

int SocketBio::hand_out(char* to, const char* from, std::size_t size) {
  std::memcpy(to, from, size);
  taken_ += size;
  return static_cast<int>(size);
}

// receive fills the worker's buffer; false when nothing came.
bool SocketBio::receive() {
  if (drained_ || peer_left_) return false;
  auto& in = buffers().in;
  ssize_t got;
  do {
    got = recv(fd_, in.data(), in.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got > 0) {
    input_ = {in.data(), static_cast<std::size_t>(got)};
    // A short read emptied the socket. The watch is level triggered and will tell of more.
    drained_ = input_.size() < in.size();
    return true;
  }
  drained_ = true;
  if (got < 0 && would_block(errno)) return false;
  peer_left_ = true;
  socket_error_ = got < 0 ? errno : 0;
  return false;
}

std::size_t SocketBio::written() const { return buffers().out.size(); }

SocketBio::Flush SocketBio::send_some(const char* data, std::size_t size, std::size_t& taken) {
  taken = 0;
  while (taken < size) {
    const ssize_t sent = send(fd_, data + taken, size - taken, MSG_NOSIGNAL);
    if (sent >= 0) {
      taken += static_cast<std::size_t>(sent);
      continue;
    }
    if (errno == EINTR) continue;
    if (would_block(errno)) return Flush::blocked;
    peer_left_ = true;
    socket_error_ = errno;
    return Flush::failed;
  }
  return Flush::clear;
}

SocketBio::Flush SocketBio::flush() {
  auto& out = buffers().out;
  std::size_t taken = 0;
  if (has_output()) {
    const Flush result =
        send_some(pending_.data() + pending_at_, pending_.size() - pending_at_, taken);
    pending_at_ += taken;
    if (result != Flush::clear) {
      if (pending_.size() + out.size() > kMaxPending) return Flush::failed;
      pending_.insert(pending_.end(), out.begin(), out.end());
      out.clear();
      return result;
    }
    std::vector<char>().swap(pending_);
    pending_at_ = 0;
  }
  const Flush result = send_some(out.data(), out.size(), taken);
  sent_ += taken;
  if (result == Flush::blocked) {
    pending_.assign(out.begin() + static_cast<std::ptrdiff_t>(taken), out.end());
  }
  out.clear();
  return result;
}

}  // namespace sallyport::tls
