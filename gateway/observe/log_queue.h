#pragma once

// The way of log lines: a worker renders into its own chunk, full chunks cross a bounded ring to
// the scribe, which writes them and sends them back. No lock and no system call on the worker's
// side; when the scribe cannot keep up, lines are dropped and counted, never waited for.

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/observe/log_sink.h"

namespace sallyport::observe {

// Ring is a bounded queue from one thread to one other.
template <class T, std::size_t kCapacity>
class Ring {
 public:
  bool push(T value) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) == kCapacity) return false;
    slots_[tail % kCapacity] = std::move(value);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }
  bool pop(T& value) {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_.load(std::memory_order_acquire)) return false;
    value = std::move(slots_[head % kCapacity]);
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

 private:
  std::array<T, kCapacity> slots_{};
  alignas(64) std::atomic<std::size_t> head_{0};
  alignas(64) std::atomic<std::size_t> tail_{0};
};

// LogQueue is one worker's end. Not thread safe; one worker, one queue.
class LogQueue {
 public:
  static constexpr std::size_t kChunkBytes = 64 * 1024;
  static constexpr std::size_t kMaxLine = 8 * 1024;
  static constexpr std::size_t kChunks = 32;

  LogQueue();

  // line returns the buffer to append one line to, newline included, or null when the scribe is
  // behind; then the line counts as dropped.
  std::string* line();
  // flush hands over what there is; called by a timer, so that no line waits for the next request.
  void flush();
  // is_sampled counts a line that need not be written, and returns true for one in `one_in` of
  // them: the last of each group.
  bool is_sampled(std::uint32_t one_in) {
    if (++unwritten_ < one_in) return false;
    unwritten_ = 0;
    return true;
  }
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  friend class Scribe;
  Ring<std::string*, kChunks> full_;
  Ring<std::string*, kChunks> empty_;
  std::vector<std::unique_ptr<std::string>> chunks_;
  std::string* current_ = nullptr;
  std::uint32_t unwritten_ = 0;
  std::atomic<std::uint64_t> dropped_{0};
};

// Scribe is the one thread that writes log lines.
class Scribe {
 public:
  // It writes to `fd`, which it does not own, until it is told otherwise, and reads `queues`, which
  // outlive it.
  Scribe(int fd, std::vector<LogQueue*> queues);
  // Writes what is left, for a second at most where nobody takes it, then ends.
  ~Scribe();
  // write_to makes the scribe append to that file, opened here and now, from its next write on:
  // also if it has the same name as before, for whoever renamed the old one. An empty path is
  // standard output. With an error it goes on as before. Any thread but a worker's.
  Result<void> write_to(const std::string& path);
  // put_priorities begins each line with its syslog priority, as `<6>`: the form that systemd's
  // journal reads on a service's standard output (sd-daemon(3)). Any thread.
  void put_priorities(bool on) { priorities_.store(on, std::memory_order_relaxed); }
  // say writes one line of control's own; any thread but a worker's.
  void say(std::string line);
  // lost counts lines that could not be written or kept; error is the errno of the last try to
  // write, zero when it went well.
  std::uint64_t lost() const { return sink_.lost() + unsaid_.load(std::memory_order_relaxed); }
  int error() const { return sink_.error(); }

 private:
  void run();
  bool drain();
  void write(std::string_view lines);

  static constexpr std::size_t kMostSaid = 4096;
  struct Target {
    int fd;
    bool owned;
  };

  LogSink sink_;
  std::atomic<std::uint64_t> unsaid_{0};  // while nobody took the lines before
  std::vector<LogQueue*> queues_;
  std::atomic<bool> priorities_{false};
  std::mutex mutex_;  // guards said_, next_ and stopping_
  std::condition_variable wake_;
  std::vector<std::string> said_;
  std::optional<Target> next_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sallyport::observe
