#pragma once

// RedisProbe looks once at a Redis, for `sallyport check`: whether it is one that can be used.

#include <functional>
#include <memory>
#include <string>

#include "gateway/clients/redis_client.h"

namespace sallyport::clients {

class RedisProbe {
 public:
  struct Seen {
    bool is_cluster = false;
    bool was_reached = false;
    std::string error;  // why it was not reached, or what is wrong with it
  };

  // `done` is told once, from the loop, after at most the endpoint's time-outs.
  RedisProbe(event::Loop& loop, const RedisEndpoint& endpoint, std::function<void(Seen)> done);

 private:
  void look();

  const std::function<void(Seen)> done_;
  const MonoTime until_;
  const std::uint64_t most_failures_;  // every server was tried
  event::Loop& loop_;
  bool is_done_ = false;
  RedisClient client_;
  event::Every every_;
};

// examine_redis is a probe whose outcome is text: why the Redis cannot be used, and what is not
// known of it; both empty: it can. `place` is where it stands in the configuration. The probe lives
// as long as what is returned.
std::shared_ptr<void> examine_redis(
    event::Loop& loop, const RedisEndpoint& endpoint, const std::string& place,
    const std::function<void(const std::string& error, const std::string& unknown)>& done);

}  // namespace sallyport::clients
