#include "gateway/event/resolver.h"

#include <ares.h>

#include <cstring>
#include <map>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/event/watch.h"

namespace sallyport::event {
namespace {

// What a server may send over UDP without fragments on any path (DNS flag day 2020).
constexpr int kUdpSize = 1232;

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all.append(all.empty() ? "" : ",").append(word);
  return all;
}

}  // namespace

// Channel is what c-ares asks through: its sockets are watched and its time-outs kept on the loop.
// It lives as long as the resolver or a question that somebody still waits for.
class Resolver::Channel final : public std::enable_shared_from_this<Channel>, private TimerHandler {
 public:
  Channel(Loop& loop, const ResolverSettings& settings) : loop_(loop), timer_(loop, *this) {
    char lookups[] = "fb";  // files, then the DNS
    ares_options options{};
    options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_EDNS;
    options.timeout = static_cast<int>(settings.timeout.count());
    options.tries = settings.attempts;
    options.lookups = lookups;
    options.ednspsz = kUdpSize;
    options.sock_state_cb = socket_cb;
    options.sock_state_cb_data = this;
    const int given = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
                      ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_STATE_CB;
    failure_ = ares_init_options(&channel_, &options, given);
    if (failure_ == ARES_SUCCESS && !settings.nameservers.empty()) {
      failure_ = ares_set_servers_ports_csv(channel_, joined(settings.nameservers).c_str());
    }
  }
  // Questions that nobody waits for any more end here.
  ~Channel() {
    if (channel_ != nullptr) ares_destroy(channel_);
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  void ask(const char* name, ares_addrinfo_callback told, void* question) {
    if (failure_ != ARES_SUCCESS) return told(question, failure_, 0, nullptr);
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = ARES_AI_NOSORT;
    ares_getaddrinfo(channel_, name, nullptr, &hints, told, question);
    arm();
  }

 private:
  // Socket is one of c-ares's, to a server.
  struct Socket final : WatchHandler {
    Socket(Channel& owner, int number)
        : channel(owner), fd(number), watch(owner.loop_, fd, *this) {}
    void on_readable() override { channel.process(fd, ARES_SOCKET_BAD); }
    void on_writable() override { channel.process(ARES_SOCKET_BAD, fd); }
    Channel& channel;
    const int fd;
    Watch watch;
  };

  static void socket_cb(void* self, int fd, int readable, int writable) noexcept {
    auto& sockets = static_cast<Channel*>(self)->sockets_;
    if (readable == 0 && writable == 0) {
      sockets.erase(fd);  // it is about to be closed
      return;
    }
    auto& socket = sockets[fd];
    if (!socket) socket = std::make_unique<Socket>(*static_cast<Channel*>(self), fd);
    socket->watch.want(readable != 0, writable != 0);
  }

  void on_timer() override { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); }

  // process may end the last question, and with it this channel: not before it is done.
  void process(int readable, int writable) {
    const std::shared_ptr<Channel> alive = shared_from_this();
    ares_process_fd(channel_, readable, writable);
    arm();
  }

  void arm() {
    timeval left{};
    if (ares_timeout(channel_, nullptr, &left) == nullptr) return timer_.disarm();
    // Rounded up: a millisecond too early would be a turn of the loop for nothing.
    timer_.arm(Milliseconds(left.tv_sec * 1000 + left.tv_usec / 1000 + 1));
  }

  Loop& loop_;
  Timer timer_;
  ares_channel channel_ = nullptr;
  int failure_ = ARES_SUCCESS;
  std::map<int, std::unique_ptr<Socket>> sockets_;
};

// Question is one look-up. c-ares holds it until it has told its end, which it does for those that
// a channel did not live to answer as well.
struct Resolver::Question {
  static void told(void* self, int status, int, ares_addrinfo* list) noexcept {
    const std::unique_ptr<Question> question(static_cast<Question*>(self));
    const std::unique_ptr<ares_addrinfo, void (*)(ares_addrinfo*)> owned(list, ares_freeaddrinfo);
    // Only a channel that nobody waits for is destroyed.
    if (status != ARES_EDESTRUCTION) question->finish(status, list);
  }

  void finish(int status, const ares_addrinfo* list) {
    Addresses found;
    const ares_addrinfo_node* node = list != nullptr ? list->nodes : nullptr;
    for (; node != nullptr && found.size() < kMaxAddresses; node = node->ai_next) {
      if (node->ai_family != AF_INET && node->ai_family != AF_INET6) continue;
      auto& address = found.emplace_back();
      std::memcpy(&address, node->ai_addr, static_cast<std::size_t>(node->ai_addrlen));
    }
    if (!found.empty()) return promise.complete(std::move(found));
    const char* why = status != ARES_SUCCESS ? ares_strerror(status) : "it has no address";
    promise.complete(Error{Fault::dependency, name + " cannot be resolved: " + why});
  }

  std::shared_ptr<Channel> channel;
  Promise<Addresses> promise;
  const std::string name;
};

Resolver::Resolver(Loop& loop, const ResolverSettings& settings)
    : loop_(loop), channel_(std::make_shared<Channel>(loop, settings)) {}

Resolver::~Resolver() = default;

Task<Resolver::Addresses> Resolver::resolve(const std::string& name) {
  Promise<Addresses> promise(loop_);
  auto task = promise.task();
  auto* question = new Question{channel_, std::move(promise), name};
  // The last one to wait takes the channel with it, and the channel the question.
  question->promise.on_cancel([question] { const auto last = std::move(question->channel); });
  channel_->ask(question->name.c_str(), Question::told, question);
  return task;
}

}  // namespace sallyport::event
