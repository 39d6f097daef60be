#include "modules/revocation/redis_server_state.h"

#include <cstdlib>

#include "gateway/base/text.h"
#include "modules/revocation/redis_link.h"

namespace sallyport::revocation {
namespace {

// number reads a field; -1 where there is none, and for the -1 that Redis itself says.
std::int64_t number(std::string_view info, std::string_view name) {
  return parse_decimal<std::int64_t>(info_field(info, name)).value_or(-1);
}

constexpr Milliseconds kJump{2000};  // more than two answers are late

}  // namespace

RedisServerState RedisServerState::parse(std::string server, std::string_view info) {
  RedisServerState state;
  state.server = std::move(server);
  state.run_id = info_field(info, "run_id");
  state.is_master = info_field(info, "role") == "master";
  state.replication_id = info_field(info, "master_replid");
  state.former_id = info_field(info, "master_replid2");
  state.offset = number(info, "master_repl_offset");
  state.former_until = number(info, "second_repl_offset");
  state.evicted = number(info, "evicted_keys");
  state.clock_us = number(info, "server_time_usec");
  return state;
}

std::string_view loss_name(Loss loss) {
  switch (loss) {
    case Loss::flush:
      return "flush";
    case Loss::eviction:
      return "eviction";
    case Loss::restart:
      return "restart";
    case Loss::failover:
      return "failover";
    case Loss::lag:
      return "lag";
    case Loss::clock:
      return "clock";
    case Loss::away:
      return "away";
  }
  return {};
}

bool has_clock_jumped(const RedisServerState& before, const RedisServerState& after) {
  if (before.clock_us < 0 || after.clock_us < 0 || before.run_id != after.run_id) return false;
  const std::int64_t step_us =
      (after.clock_us - before.clock_us) - (after.seen.us - before.seen.us);
  return std::abs(step_us) > kJump.count() * 1000;
}

Loss loss_between(const std::optional<RedisServerState>& before, const RedisServerState& after) {
  if (!before || before->run_id == after.run_id) return Loss::away;
  const bool succeeds = !after.former_id.empty() && after.former_id == before->replication_id;
  if (succeeds && after.former_until >= 0 && after.former_until - 1 < before->offset) {
    return Loss::lag;
  }
  if (succeeds || before->server != after.server) return Loss::failover;
  return Loss::restart;
}

}  // namespace sallyport::revocation
