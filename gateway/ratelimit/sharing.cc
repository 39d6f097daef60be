#include "gateway/ratelimit/sharing.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "gateway/clients/redis_probe.h"
#include "gateway/ratelimit/bucket.h"

namespace sallyport::ratelimit {
namespace {

constexpr std::size_t kBatch = 128;  // keys in one call of the script
constexpr std::size_t kMaxFollowed = 65'536;
constexpr Milliseconds kFollowFor{10'000};  // after its last use here

// A bucket in the Redis is as ours: the time at which it will be full, here in microseconds of the
// Redis's own clock, so that the gateways' clocks need not agree. The answer is how long that is.
constexpr std::string_view kScript = R"(
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local debts = {}
for i, key in ipairs(KEYS) do
  local full_at = math.max(tonumber(redis.call('GET', key) or 0), now) + tonumber(ARGV[i])
  if full_at > now then
    redis.call('SET', key, string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000))
  end
  debts[i] = full_at - now
end
return debts)";

}  // namespace

LimitSharing::LimitSharing(std::string_view module, std::shared_ptr<LimitState> state,
                           clients::RedisEndpoint endpoint, Milliseconds interval)
    : place_("modules." + std::string(module) + ".shared.redis"),
      prefix_("sallyport:" + std::string(module) + ":"),
      names_{std::string(module) + "_shared_up", std::string(module) + "_shared_failures_total",
             std::string(module) + "_shared_keys", std::string(module) + "_shared_dropped_total"},
      state_(std::move(state)),
      endpoint_(std::move(endpoint)),
      interval_(interval) {}

void LimitSharing::start(event::Loop& control, event::Broadcast& broadcast) {
  loop_ = &control;
  broadcast_ = &broadcast;
  client_.emplace(control, endpoint_, clients::RedisClient::Hooks{});
  every_.emplace(control, interval_, [this] { tick(); });
}

// A round ends with its last answer: while the Redis is slow, the ledger gathers for the next.
void LimitSharing::tick() {
  tell_cluster();
  if (is_gathering_ || unanswered_ > 0) return;
  is_gathering_ = true;
  auto pages = std::make_shared<std::vector<std::vector<Taken>>>(event::Worker::kMaxWorkers);
  broadcast_->to_all(
      [ledger = ledger_, pages](unsigned worker) { (*pages)[worker] = ledger->take(worker); },
      [this, pages, alive = std::weak_ptr<const bool>(alive_)] {
        if (alive.expired()) return;
        is_gathering_ = false;
        gather(*pages);
        send();
      });
}

void LimitSharing::tell_cluster() {
  const auto why = not_ready();
  if (std::exchange(told_cluster_, why.has_value()) || !why) return;
  notices_.push_back({"error", "shared_limits_unusable", *why});
}

std::optional<std::string> LimitSharing::not_ready() const {
  if (!client_ || !client_->is_cluster()) return std::nullopt;
  return "rates cannot be counted together (" + place_ + "): " + client_->last_error();
}

std::shared_ptr<void> LimitSharing::examine(event::Loop& loop, const Examined& done) {
  return clients::examine_redis(loop, endpoint_, place_, done);
}

void LimitSharing::gather(const std::vector<std::vector<Taken>>& pages) {
  for (const auto& page : pages) {
    for (const Taken& taken : page) {
      const auto found = followed_.find(taken.key);
      if (found == followed_.end() && followed_.size() >= kMaxFollowed) {
        ++dropped_;
        continue;
      }
      Followed& followed = found == followed_.end() ? followed_[taken.key] : found->second;
      followed.tier = taken.tier;
      followed.amount_ns += taken.amount_ns;
      followed.used = loop_->mono();
    }
  }
}

void LimitSharing::send() {
  // What was taken while the Redis was away is not told later: it would hit those who come then.
  if (!client_->is_up()) return followed_.clear();
  forget_idle();
  std::vector<Key> batch;
  for (const auto& [key, followed] : followed_) {
    batch.push_back(key);
    if (batch.size() == kBatch) send_batch(std::exchange(batch, {}));
  }
  if (!batch.empty()) send_batch(std::move(batch));
}

void LimitSharing::send_batch(std::vector<Key> keys) {
  std::vector<std::string> texts;
  for (const Key& key : keys) texts.push_back(name_of(key));
  for (const Key& key : keys) {
    const std::int64_t amount_ns = std::exchange(followed_[key].amount_ns, 0);
    texts.push_back(std::to_string((amount_ns + 999) / 1000));
  }
  const std::string count = std::to_string(keys.size());
  clients::RedisWords words{"EVAL", kScript, count};
  words.insert(words.end(), texts.begin(), texts.end());
  const std::size_t size = keys.size();
  const bool is_sent =
      client_->command(words, [this, keys = std::move(keys)](Result<clients::RedisValue> reply) {
        on_reply(keys, std::move(reply));
      });
  if (is_sent) {
    ++unanswered_;
  } else {
    dropped_ += size;
  }
}

void LimitSharing::on_reply(const std::vector<Key>& keys, Result<clients::RedisValue> reply) {
  --unanswered_;
  if (!reply || !reply->is_array_of(keys.size())) {
    ++failures_;
    return;
  }
  for (std::size_t i = 0; i < keys.size(); ++i) learn(keys[i], reply->items[i].integer);
}

// The debt was right when the Redis answered and gets smaller by the moment, so taking it for that
// of now errs on the strict side.
void LimitSharing::learn(const Key& key, std::int64_t debt_us) {
  const auto found = followed_.find(key);
  if (found == followed_.end()) return;
  constexpr std::int64_t kMostUs = std::int64_t{60} * 24 * 3600 * 1'000'000;
  const std::int64_t now = loop_->mono().us * 1000;
  const std::int64_t full_at = now + std::clamp<std::int64_t>(debt_us, 0, kMostUs) * 1000;
  state_->buckets(found->second.tier).change(key, now, RaiseTo{full_at, now});
}

void LimitSharing::forget_idle() {
  const MonoTime now = loop_->mono();
  std::erase_if(followed_, [&](const auto& entry) {
    return entry.second.amount_ns == 0 && now > entry.second.used + kFollowFor;
  });
}

std::string LimitSharing::name_of(const Key& key) const {
  return fmt::format("{}{:016x}{:016x}", prefix_, key.high, key.low);
}

void LimitSharing::metrics(std::vector<policy::Metric>& to) const {
  const bool is_up = client_ && client_->is_up();
  to.push_back({names_.up,
                "1 while rates are counted together with other gateways.",
                false,
                {},
                {},
                is_up ? 1.0 : 0.0});
  to.push_back({names_.failures,
                "Exchanges with the Redis that failed.",
                true,
                {},
                {},
                static_cast<double>(failures_)});
  to.push_back({names_.keys,
                "Keys that are counted together now.",
                false,
                {},
                {},
                static_cast<double>(followed_.size())});
  to.push_back({names_.dropped,
                "Keys that were too many to be counted together.",
                true,
                {},
                {},
                static_cast<double>(dropped_ + ledger_->dropped())});
}

}  // namespace sallyport::ratelimit
