#include "gateway/observe/log_sink.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "gateway/base/clock.h"

namespace sallyport::observe {
namespace {

constexpr int kPollMs = 50;

}  // namespace

Result<int> open_log_file(const std::string& path) {
  // O_NONBLOCK: a pipe that nobody reads is an error here, and would be a wait otherwise.
  constexpr int kFlags =
      O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK;
  const int fd = open(path.c_str(), kFlags, 0640);
  if (fd < 0) return Error{Fault::gateway, path + ": " + std::strerror(errno)};
  return fd;
}

LogSink::LogSink(int fd, bool owns)
    : fd_(fd), owns_fd_(owns), deadline_us_(std::numeric_limits<std::int64_t>::max()) {
  open_again();
}

void LogSink::replace(int fd, bool owns) {
  close_all();
  fd_ = fd;
  owns_fd_ = owns;
  is_broken_ = false;
  open_again();
}

void LogSink::open_again() {
  is_socket_ = false;
  struct stat status {};
  if (fstat(fd_, &status) != 0) return;
  is_socket_ = S_ISSOCK(status.st_mode);
  // O_NONBLOCK belongs to what was opened, which others may share: so it is opened once more. A
  // regular file stays as it is, with its offset.
  if (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode)) return;
  const std::string path = "/proc/self/fd/" + std::to_string(fd_);
  own_fd_ = open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

LogSink::~LogSink() { close_all(); }

void LogSink::close_all() {
  if (own_fd_ >= 0) close(std::exchange(own_fd_, -1));
  if (owns_fd_) close(fd_);
  owns_fd_ = false;
}

long LogSink::put(std::string_view text) const {
  if (is_socket_) return send(fd_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return ::write(own_fd_ >= 0 ? own_fd_ : fd_, text.data(), text.size());
}

// wait returns false when the time is over.
bool LogSink::wait() const {
  if (mono_now().us >= deadline_us_.load(std::memory_order_relaxed)) return false;
  pollfd ready{own_fd_ >= 0 ? own_fd_ : fd_, POLLOUT, 0};
  poll(&ready, 1, kPollMs);
  return true;
}

void LogSink::lose(std::string_view rest, int error) {
  lost_.fetch_add(static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n')),
                  std::memory_order_relaxed);
  error_.store(error, std::memory_order_relaxed);
}

void LogSink::write(std::string_view lines) {
  if (is_broken_ && put("\n") == 1) is_broken_ = false;
  bool at_line_start = true;
  while (!lines.empty()) {
    const long wrote = put(lines);
    if (wrote > 0) {
      const auto size = static_cast<std::size_t>(wrote);
      at_line_start = lines[size - 1] == '\n';
      lines.remove_prefix(size);
      continue;
    }
    if (wrote < 0 && errno == EINTR) continue;
    const int error = wrote < 0 ? errno : EIO;
    if (error == EAGAIN && wait()) continue;
    is_broken_ = is_broken_ || !at_line_start;
    return lose(lines, error);
  }
  error_.store(0, std::memory_order_relaxed);
}

}  // namespace sallyport::observe
