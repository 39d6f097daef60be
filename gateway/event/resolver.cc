#include "gateway/event/resolver.h"

#include <event2/dns.h>
#include <event2/util.h>
#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "gateway/base/check.h"

namespace sallyport::event {
namespace {

constexpr const char* kResolvConf = "/etc/resolv.conf";
constexpr const char* kHosts = "/etc/hosts";

}  // namespace

// Base ends with the last question: libevent needs it until it has told every answer.
class Resolver::Base {
 public:
  Base(Loop& loop, const ResolverSettings& settings)
      : dns_(evdns_base_new(loop.base(), EVDNS_BASE_DISABLE_WHEN_INACTIVE)) {
    SALLYPORT_CHECK(dns_ != nullptr);
    // What fails is told with the answer; the library would print it.
    evdns_set_log_fn([](int, const char*) {});
    const std::string timeout =
        fmt::format("{}", static_cast<double>(settings.timeout.count()) / 1000);
    const std::string attempts = std::to_string(settings.attempts);
    if (settings.nameservers.empty()) {
      // Without the file, libevent asks the machine itself.
      evdns_base_resolv_conf_parse(
          dns_, DNS_OPTION_SEARCH | DNS_OPTION_NAMESERVERS | DNS_OPTION_MISC, kResolvConf);
    } else {
      for (const std::string& server : settings.nameservers) {
        evdns_base_nameserver_ip_add(dns_, server.c_str());
      }
    }
    evdns_base_load_hosts(dns_, kHosts);
    evdns_base_set_option(dns_, "timeout:", timeout.c_str());
    evdns_base_set_option(dns_, "attempts:", attempts.c_str());
  }
  ~Base() { evdns_base_free(dns_, 0); }
  Base(const Base&) = delete;
  Base& operator=(const Base&) = delete;

  evdns_base* get() const { return dns_; }

 private:
  evdns_base* dns_;
};

namespace {

// Question is one look-up; it deletes itself when libevent has told its end, which it does for
// cancelled ones as well.
template <class Base>
class Question {
 public:
  Question(std::shared_ptr<Base> base, Promise<Resolver::Addresses> promise, std::string name)
      : base_(std::move(base)), promise_(std::move(promise)), name_(std::move(name)) {}

  void ask() {
    evutil_addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_protocol = IPPROTO_TCP;
    evdns_getaddrinfo_request* request =
        evdns_getaddrinfo(base_->get(), name_.c_str(), nullptr, &hints, told, this);
    // Null: it was told already, and this is gone.
    if (request == nullptr) return;
    promise_.on_cancel([request] { evdns_getaddrinfo_cancel(request); });
  }

 private:
  static void told(int error, evutil_addrinfo* list, void* self) noexcept {
    const std::unique_ptr<Question> question(static_cast<Question*>(self));
    question->finish(error, list);
    if (list != nullptr) evutil_freeaddrinfo(list);
  }

  void finish(int error, const evutil_addrinfo* list) {
    if (error == EVUTIL_EAI_CANCEL) return;
    Resolver::Addresses found;
    for (; list != nullptr && found.size() < Resolver::kMaxAddresses; list = list->ai_next) {
      auto& address = found.emplace_back();
      std::memcpy(&address, list->ai_addr, list->ai_addrlen);
    }
    if (found.empty()) {
      const char* why = error != 0 ? evutil_gai_strerror(error) : "it has no address";
      return promise_.complete(Error{Fault::dependency, name_ + " cannot be resolved: " + why});
    }
    promise_.complete(std::move(found));
  }

  const std::shared_ptr<Base> base_;
  Promise<Resolver::Addresses> promise_;
  const std::string name_;
};

}  // namespace

Resolver::Resolver(Loop& loop, const ResolverSettings& settings)
    : loop_(loop), base_(std::make_shared<Base>(loop, settings)) {}

Resolver::~Resolver() = default;

Task<Resolver::Addresses> Resolver::resolve(const std::string& name) {
  Promise<Addresses> promise(loop_);
  auto task = promise.task();
  (new Question<Base>(base_, std::move(promise), name))->ask();
  return task;
}

}  // namespace sallyport::event
