#include "gateway/observe/log_queue.h"

#include <pthread.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "gateway/base/clock.h"

namespace sallyport::observe {
namespace {

// priority_of returns the priority of a rendered line by its level, which stands near its
// beginning.
std::string_view priority_of(std::string_view line) {
  constexpr std::size_t kHead = 64;
  const std::string_view head = line.substr(0, kHead);
  if (head.find(R"("level":"error")") != head.npos) return "<3>";
  return head.find(R"("level":"warn")") != head.npos ? "<4>" : "<6>";
}

}  // namespace

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
    : sink_(fd), queues_(std::move(queues)), thread_([this] { run(); }) {}

Scribe::~Scribe() {
  constexpr std::int64_t kLastWords = 1'000'000;
  sink_.give_up_at(mono_now().us + kLastWords);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
  if (next_ && next_->owned) close(next_->fd);
}

Result<void> Scribe::write_to(const std::string& path) {
  Target target{STDOUT_FILENO, false};
  if (!path.empty()) {
    const auto opened = open_log_file(path);
    if (!opened) return opened.error();
    target = {*opened, true};
  }
  const std::lock_guard lock(mutex_);
  if (next_ && next_->owned) close(next_->fd);
  next_ = target;
  return {};
}

void Scribe::say(std::string line) {
  {
    const std::lock_guard lock(mutex_);
    if (said_.size() == kMostSaid) {
      unsaid_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
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

void Scribe::write(std::string_view lines) {
  if (!priorities_.load(std::memory_order_relaxed)) return sink_.write(lines);
  std::string numbered;
  numbered.reserve(lines.size() + lines.size() / 32);
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n') + 1);
    numbered.append(priority_of(line)).append(line);
    lines.remove_prefix(line.size());
  }
  sink_.write(numbered);
}

bool Scribe::drain() {
  std::vector<std::string> said;
  {
    const std::lock_guard lock(mutex_);
    said.swap(said_);
    if (next_) sink_.replace(next_->fd, next_->owned);
    next_.reset();
  }
  bool any = !said.empty();
  for (LogQueue* queue : queues_) {
    std::string* chunk = nullptr;
    while (queue->full_.pop(chunk)) {
      write(*chunk);
      chunk->clear();
      queue->empty_.push(chunk);
      any = true;
    }
  }
  // What workers flushed before it was said comes before it.
  for (const std::string& line : said) write(line);
  return any;
}

}  // namespace sallyport::observe
