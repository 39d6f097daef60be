#include "gateway/clients/redis_probe.h"

#include <utility>

namespace sallyport::clients {
namespace {

constexpr Milliseconds kLookEvery{10};

std::size_t count_of(const RedisEndpoint& endpoint) {
  return endpoint.servers.size() + endpoint.sentinels.size();
}

// A sentinel sends us on.
Milliseconds patience(const RedisEndpoint& endpoint) {
  return (endpoint.connect_timeout + endpoint.command_timeout) *
         static_cast<std::int64_t>(count_of(endpoint) + 1);
}

}  // namespace

RedisProbe::RedisProbe(event::Loop& loop, const RedisEndpoint& endpoint,
                       std::function<void(Seen)> done)
    : done_(std::move(done)),
      until_(loop.mono() + patience(endpoint)),
      most_failures_(count_of(endpoint)),
      loop_(loop),
      client_(loop, endpoint, {}, {Milliseconds(10), Milliseconds(10)}),
      every_(loop, kLookEvery, [this] { look(); }) {}

void RedisProbe::look() {
  if (is_done_) return;
  const bool is_known = client_.is_up() || client_.is_cluster();
  if (!is_known && loop_.mono() < until_ && client_.failures() < most_failures_) return;
  is_done_ = true;
  done_({client_.is_cluster(), is_known, client_.last_error()});
}

std::shared_ptr<void> examine_redis(
    event::Loop& loop, const RedisEndpoint& endpoint, const std::string& place,
    const std::function<void(const std::string& error, const std::string& unknown)>& done) {
  return std::make_shared<RedisProbe>(loop, endpoint, [place, done](const RedisProbe::Seen& seen) {
    if (seen.is_cluster) return done(place + ": " + seen.error, "");
    if (!seen.was_reached) return done("", place + " was not reached: " + seen.error);
    done("", "");
  });
}

}  // namespace sallyport::clients
