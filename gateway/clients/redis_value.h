#pragma once

// RedisValue is one reply of a Redis server, and RedisReplyReader makes replies of the octets that
// a connection delivers (RESP 2). Both are bounded: a server that went mad cannot make us grow.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct redisReader;

namespace sallyport::clients {

struct RedisValue {
  enum class Kind : std::uint8_t { nil, integer, status, text, error, array };

  Kind kind = Kind::nil;
  std::int64_t integer = 0;
  std::string text;               // of a status, text or error
  std::vector<RedisValue> items;  // of an array

  bool is_error() const { return kind == Kind::error; }
  bool is_array_of(std::size_t least) const { return kind == Kind::array && items.size() >= least; }
};

struct RedisReplyLimits {
  std::size_t max_bytes = 1024 * 1024;  // of one reply on the wire
  std::size_t max_values = 64 * 1024;   // in one reply, arrays counted with their items
};
// Arrays in arrays end here: the root is at depth 0. It is the own limit of hiredis.
inline constexpr int kMaxRedisDepth = 8;

class RedisReplyReader {
 public:
  explicit RedisReplyReader(RedisReplyLimits limits = {});
  ~RedisReplyReader();
  RedisReplyReader(const RedisReplyReader&) = delete;
  RedisReplyReader& operator=(const RedisReplyReader&) = delete;

  // feed takes the next octets; false: they break the protocol or a limit, and error() says how.
  // Replies are taken with next until there is none; only then more is fed.
  bool feed(std::string_view octets);
  // next returns the next whole reply. Nothing: more octets are needed, or error() is not empty.
  std::optional<RedisValue> next();

  const std::string& error() const { return error_; }

 private:
  struct ReaderFree {
    void operator()(redisReader* reader) const;
  };
  friend struct RedisReplyMaker;

  const RedisReplyLimits limits_;
  std::unique_ptr<redisReader, ReaderFree> reader_;
  std::size_t values_ = 0;  // of the reply that is being read, promised ones included
  std::string error_;
};

// redis_command renders a command as the array of texts that servers take.
std::string redis_command(const std::vector<std::string_view>& words);

}  // namespace sallyport::clients
