#include "gateway/proxy/ejection.h"

#include <algorithm>

namespace sallyport::proxy {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

bool may_eject_one_more(const ServerSet& set, const EjectionRules& rules, MonoTime now) {
  const auto out = std::count_if(set.servers.begin(), set.servers.end(), [&](const auto& server) {
    return server->condition.is_ejected(now);
  });
  const std::size_t most = set.servers.size() * rules.max_percent / 100;
  return static_cast<std::size_t>(out) < most;
}

void eject(Condition& condition, const EjectionRules& rules, MonoTime now) {
  const std::int64_t time_us = rules.time.count() * 1000;
  const std::int64_t last = condition.ejected_until_us.load(kRelaxed);
  const bool is_repeated = last != 0 && now.us - last < time_us * kMaxEjectionTimes;
  const unsigned count =
      is_repeated ? std::min(condition.ejections.load(kRelaxed) + 1, kMaxEjectionTimes) : 1;
  condition.ejections.store(count, kRelaxed);
  condition.failures.store(0, kRelaxed);
  condition.ejected_until_us.store(now.us + time_us * count, kRelaxed);
}

}  // namespace

void note_success(const Server& server) {
  // Mostly it is zero already, and a line that nobody writes stays in every core's cache.
  if (server.condition.failures.load(kRelaxed) != 0) server.condition.failures.store(0, kRelaxed);
}

bool note_failure(const ServerSet& set, const Server& server, const EjectionRules& rules,
                  MonoTime now) {
  if (rules.after == 0) return false;
  const unsigned failures = server.condition.failures.fetch_add(1, kRelaxed) + 1;
  if (failures < rules.after || server.condition.is_ejected(now)) return false;
  // Whoever comes second leaves it to the next failure.
  if (set.ejecting.test_and_set(std::memory_order_acquire)) return false;
  const bool ejects = may_eject_one_more(set, rules, now) && !server.condition.is_ejected(now);
  if (ejects) eject(server.condition, rules, now);
  set.ejecting.clear(std::memory_order_release);
  return ejects;
}

}  // namespace sallyport::proxy
