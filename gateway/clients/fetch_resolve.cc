#include "gateway/clients/fetch_resolve.h"

#include <netdb.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "gateway/event/watch.h"

namespace sallyport::clients {
namespace {

using Addresses = std::vector<net::Address>;
constexpr std::size_t kMaxAddresses = 8;

Error failed(const std::string& host, const std::string& why) {
  return {Fault::dependency, "cannot resolve " + host + ": " + why};
}

Result<Addresses> look_up(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_ADDRCONFIG;
  addrinfo* raw = nullptr;
  if (const int error = getaddrinfo(host.c_str(), nullptr, &wanted, &raw); error != 0) {
    return failed(host, gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(raw, freeaddrinfo);
  Addresses found;
  for (const addrinfo* at = raw; at != nullptr && found.size() < kMaxAddresses; at = at->ai_next) {
    const net::Address address = net::Address::from_socket(at->ai_addr);
    if (address.family() == net::Family::none) continue;
    if (std::find(found.begin(), found.end(), address) == found.end()) found.push_back(address);
  }
  if (found.empty()) return failed(host, "it has no internet address");
  return found;
}

// Mailbox is where the thread leaves the answer. Both sides own it, so that neither needs to wait
// for the other to end.
class Mailbox {
 public:
  Mailbox() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  ~Mailbox() {
    if (fd_ >= 0) close(fd_);
  }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  int fd() const { return fd_; }

  void put(Result<Addresses> answer) {
    {
      const std::lock_guard lock(mutex_);
      answer_.emplace(std::move(answer));
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(fd_, &one, sizeof one);
  }

  std::optional<Result<Addresses>> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(answer_, std::nullopt);
  }

 private:
  const int fd_;
  std::mutex mutex_;  // guards answer_
  std::optional<Result<Addresses>> answer_;
};

// LookUp is the loop's side of one look-up; the task owns it.
class LookUp final : private event::WatchHandler {
 public:
  LookUp(event::Loop& loop, event::Promise<Addresses> promise, std::shared_ptr<Mailbox> mailbox)
      : promise_(std::move(promise)),
        mailbox_(std::move(mailbox)),
        watch_(loop, mailbox_->fd(), *this) {
    watch_.want_read(true);
  }

 private:
  void on_readable() override {
    watch_.want_read(false);
    if (auto answer = mailbox_->take()) promise_.complete(*std::move(answer));
  }
  void on_writable() override {}

  event::Promise<Addresses> promise_;
  std::shared_ptr<Mailbox> mailbox_;
  event::Watch watch_;
};

bool start_thread(const std::shared_ptr<Mailbox>& mailbox, const std::string& host) {
  try {
    std::thread([mailbox, host] { mailbox->put(look_up(host)); }).detach();
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

}  // namespace

event::Task<Addresses> resolve(event::Loop& loop, const std::string& host) {
  event::Promise<Addresses> promise(loop);
  auto task = promise.task();
  if (const auto address = net::Address::parse(host)) {
    promise.complete(Addresses{*address});
    return task;
  }
  auto mailbox = std::make_shared<Mailbox>();
  if (mailbox->fd() < 0 || !start_thread(mailbox, host)) {
    promise.complete(failed(host, "no thread or descriptor to do it with"));
    return task;
  }
  auto look_up = std::make_shared<LookUp>(loop, promise, std::move(mailbox));
  promise.on_cancel([look_up] {});
  return task;
}

}  // namespace sallyport::clients
