#pragma once

// LogSink writes whole lines to a descriptor that may be slow, full or closed, and never waits
// longer than it was told: a log must not keep a process from stopping.

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace sallyport::observe {

// open_log_file opens a file to append lines to, which the caller owns; a missing one is made with
// mode 0640. Links are not followed.
Result<int> open_log_file(const std::string& path);

class LogSink {
 public:
  // `fd` is a file, pipe, terminal or socket, blocking or not. Other users of the descriptor see no
  // change of it. The sink closes it only if it `owns` it.
  explicit LogSink(int fd, bool owns = false);
  ~LogSink();
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;

  // write puts out lines, each with its newline. A reader that takes nothing is waited for, until
  // give_up. What cannot be written is lost and counted; the next line begins on a line of its own.
  void write(std::string_view lines);
  // replace writes to another descriptor from now on, as the constructor does. Same thread as
  // write.
  void replace(int fd, bool owns);
  // give_up ends waiting, now and later, at that monotonic time in microseconds. Any thread.
  void give_up_at(std::int64_t mono_us) { deadline_us_.store(mono_us, std::memory_order_relaxed); }

  // lost counts the lines that were not written; error is the errno of the last try, zero when it
  // went well. Any thread.
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }
  int error() const { return error_.load(std::memory_order_relaxed); }

 private:
  void open_again();
  void close_all();
  long put(std::string_view text) const;
  bool wait() const;
  void lose(std::string_view rest, int error);

  int fd_;
  bool owns_fd_;
  int own_fd_ = -1;  // the same pipe or terminal, opened again without blocking
  bool is_socket_ = false;
  bool is_broken_ = false;  // the last line was written in part
  std::atomic<std::int64_t> deadline_us_;
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<int> error_{0};
};

}  // namespace sallyport::observe
