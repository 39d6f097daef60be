// Whatever a server sends, cut anywhere: replies stay within their limits, and how the octets are
// cut makes no difference.

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/clients/redis_value.h"

namespace {

using sallyport::clients::RedisReplyLimits;
using sallyport::clients::RedisReplyReader;
using sallyport::clients::RedisValue;

constexpr RedisReplyLimits kLimits{.max_bytes = 4096, .max_values = 64};

std::size_t count(const RedisValue& value, int depth) {
  SALLYPORT_CHECK(depth <= sallyport::clients::kMaxRedisDepth);
  std::size_t values = 1;
  for (const RedisValue& item : value.items) values += count(item, depth + 1);
  return values;
}

// show renders a reply, so that two can be compared.
std::string show(const RedisValue& value) {
  std::string text = std::to_string(static_cast<int>(value.kind)) + ":" +
                     std::to_string(value.integer) + ":" + value.text + "[";
  for (const RedisValue& item : value.items) text += show(item) + ",";
  return text + "]";
}

std::vector<std::string> read(std::string_view octets, std::size_t piece) {
  RedisReplyReader reader(kLimits);
  std::vector<std::string> replies;
  while (!octets.empty() && reader.feed(octets.substr(0, piece))) {
    octets.remove_prefix(std::min(piece, octets.size()));
    while (const auto reply = reader.next()) {
      SALLYPORT_CHECK(count(*reply, 0) <= kLimits.max_values);
      replies.push_back(show(*reply));
    }
    if (!reader.error().empty()) break;
  }
  return replies;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kLimits.max_bytes) return 0;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const auto whole = read(octets, octets.size() + 1);
  SALLYPORT_CHECK(read(octets, 1) == whole);
  SALLYPORT_CHECK(read(octets, 7) == whole);
  return 0;
}
