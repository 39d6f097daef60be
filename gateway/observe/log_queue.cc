#include "gateway/observe/log_queue.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>

namespace sallyport::observe {

LogQueue::LogQueue() {
  for (std::size_t i = 0; i < kChunks; ++i) {
    chunks_.push_back(std::make_unique<std::string>());
    empty_.push(chunks_.back().get());
  }
}

std::string* LogQueue::line() {
  if (current_ != nullptr && current_->size() + kMaxLine > kChunkBytes) flush();
  if (current_ == nullptr && !empty_.pop(current_)) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
  }
  if (current_->capacity() < kChunkBytes) current_->reserve(kChunkBytes);
  return current_;
}

void LogQueue::flush() {
  if (current_ == nullptr || current_->empty()) return;
  // There are as many chunks as places: the push cannot fail.
  full_.push(current_);
  current_ = nullptr;
}

Scribe::Scribe(int fd, std::vector<LogQueue*> queues)
    : fd_(fd), queues_(std::move(queues)), thread_([this] { run(); }) {}

Scribe::~Scribe() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Scribe::say(std::string line) {
  {
    const std::lock_guard lock(mutex_);
    said_.push_back(std::move(line));
  }
  wake_.notify_one();
}

void Scribe::run() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  pthread_setname_np(pthread_self(), "scribe");
  // Workers do not wake the scribe: that would be a system call on a request's way.
  constexpr auto kPeriod = std::chrono::milliseconds(20);
  for (;;) {
    bool last = false;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, kPeriod, [this] { return stopping_ || !said_.empty(); });
      last = stopping_;
    }
    while (drain()) {
    }
    if (last) return;
  }
}

bool Scribe::drain() {
  std::vector<std::string> said;
  {
    const std::lock_guard lock(mutex_);
    said.swap(said_);
  }
  bool any = !said.empty();
  for (LogQueue* queue : queues_) {
    std::string* chunk = nullptr;
    while (queue->full_.pop(chunk)) {
      write_all(*chunk);
      chunk->clear();
      queue->empty_.push(chunk);
      any = true;
    }
  }
  // What workers flushed before it was said comes before it.
  for (const std::string& line : said) write_all(line);
  return any;
}

void Scribe::write_all(const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = write(fd_, text.data() + done, text.size() - done);
    if (wrote > 0) {
      done += static_cast<std::size_t>(wrote);
    } else if (errno == EAGAIN) {
      pollfd wait{fd_, POLLOUT, 0};
      poll(&wait, 1, 1000);
    } else if (errno != EINTR) {
      return;  // a closed pipe or a full disk: losing log lines must not end the service
    }
  }
}

}  // namespace sallyport::observe
