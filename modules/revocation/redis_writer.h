#pragma once

// RedisWriter writes revocations into a Redis, and takes them out again.

#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include "modules/revocation/record.h"
#include "modules/revocation/redis_keys.h"
#include "modules/revocation/redis_link.h"

namespace sallyport::revocation {

// Callbacks come from the loop; `why` is empty when it was done. Nothing waits longer than the
// connection's command_timeout. Times are Unix seconds.
class RedisWriter {
 public:
  using Done = std::function<void(const std::string& why)>;

  // `is_clock_good` says whether the wall clock is to be believed just now.
  RedisWriter(RedisLink& link, const RedisKeys& keys, std::function<bool()> is_clock_good)
      : link_(link), keys_(keys), is_clock_good_(std::move(is_clock_good)) {}

  // write replaces what is there. False: it cannot be sent, and `done` is never called.
  [[nodiscard]] bool write(const Record& record, std::int64_t now, Done done);
  // restore writes it if nothing is there.
  [[nodiscard]] bool restore(const Record& record, std::int64_t now, Done done);
  // erase removes all keys of that name, and notes until `expires` that it was reinstated, for
  // gateways that are away now.
  [[nodiscard]] bool erase(const RedisName& name, std::int64_t now, std::int64_t expires,
                           Done done);
  // note_reinstated notes it only: the key was removed by somebody else.
  void note_reinstated(const RedisName& name, std::int64_t now, std::int64_t expires);

  // under_way is how many writes wait for their answer.
  std::size_t under_way() const { return under_way_; }

 private:
  std::int64_t life_of(const Record& record, std::int64_t now) const;
  bool set(const Record& record, std::int64_t now, bool if_absent, Done done);
  bool send(const clients::RedisWords& words, Done done);

  RedisLink& link_;
  const RedisKeys& keys_;
  const std::function<bool()> is_clock_good_;
  std::size_t under_way_ = 0;
};

RedisName name_of(const Record& record);

}  // namespace sallyport::revocation
