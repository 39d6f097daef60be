#include "gateway/event/transport.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace sallyport::event {
namespace {

IoResult after_error(Io again) {
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {again, 0};
  return {Io::failed, 0};
}

}  // namespace

IoResult Transport::discard(std::span<char> scratch) {
  const ssize_t got = recv(fd(), scratch.data(), scratch.size(), MSG_TRUNC);
  if (got > 0) return {Io::done, static_cast<std::size_t>(got)};
  if (got == 0) return {Io::end, 0};
  return after_error(Io::again_read);
}

PlainTransport::~PlainTransport() {
  if (fd_ >= 0) close(fd_);
}

IoResult PlainTransport::read(std::span<char> to) {
  const ssize_t got = recv(fd_, to.data(), to.size(), 0);
  if (got > 0) return {Io::done, static_cast<std::size_t>(got)};
  if (got == 0) return {Io::end, 0};
  return after_error(Io::again_read);
}

IoResult PlainTransport::write(std::span<const iovec> pieces) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  // MSG_NOSIGNAL: a peer that left is an outcome, not a signal. Of one piece the kernel need not
  // copy a list.
  const ssize_t sent = pieces.size() == 1
                           ? send(fd_, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL)
                           : sendmsg(fd_, &message, MSG_NOSIGNAL);
  if (sent >= 0) return {Io::done, static_cast<std::size_t>(sent)};
  return after_error(Io::again_write);
}

void PlainTransport::close_write() { shutdown(fd_, SHUT_WR); }

}  // namespace sallyport::event
