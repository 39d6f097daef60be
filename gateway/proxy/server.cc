#include "gateway/proxy/server.h"

#include <algorithm>

namespace sallyport::proxy {
namespace {

// A server that has just returned gets this much of its weight: some requests must reach it.
constexpr std::int64_t kFirstPercent = 5;

}  // namespace

std::int64_t weight_now(const Server& server, Milliseconds slow_start, MonoTime now) {
  const std::int64_t full = static_cast<std::int64_t>(server.weight) * kWeightUnit;
  if (slow_start.count() == 0) return full;
  const std::int64_t began =
      std::max(server.condition.returned_us.load(std::memory_order_relaxed),
               server.condition.ejected_until_us.load(std::memory_order_relaxed));
  const std::int64_t whole_us = slow_start.count() * 1000;
  const std::int64_t passed_us = now.us - began;
  if (began == 0 || passed_us >= whole_us) return full;
  const std::int64_t percent =
      std::max(kFirstPercent, std::max<std::int64_t>(passed_us, 0) * 100 / whole_us);
  return std::max<std::int64_t>(1, full * percent / 100);
}

}  // namespace sallyport::proxy
