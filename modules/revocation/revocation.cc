#include "modules/revocation/revocation.h"

#include <array>
#include <utility>

#include "gateway/config/option.h"
#include "modules/revocation/moved_options.h"
#include "modules/revocation/redis_options.h"
#include "modules/revocation/revocation_orders.h"
#include "modules/revocation/revocation_policy.h"

namespace sallyport::revocation {
namespace {

// A chain without a token is judged by the client's certificate alone.
constexpr std::array<policy::Fact, 1> kWants = {policy::Fact::token};
constexpr std::array<policy::Fact, 1> kGives = {policy::Fact::revocations};
const auto kReasons = policy::reasons_of(all_checks());

struct StoreSettings {
  config::File path;
  config::Size max_size{256 * 1024 * 1024};
  static std::span<const config::Option> options();
};

std::span<const config::Option> StoreSettings::options() {
  static const std::array rows{
      config::required<&StoreSettings::path>(
          "path", "Folder of the store, for this gateway alone; made when its parent exists."),
      config::option<&StoreSettings::max_size>(
          "max_size", "Largest size of the store's file. A new size holds from the next start.",
          config::between(config::Size{1024 * 1024}, config::Size{64ULL * 1024 * 1024 * 1024})),
  };
  return rows;
}

struct SharedSettings {
  StoreSettings store;
  Seconds keep = Terms().keep;
  Seconds keep_consent = Terms().keep_consent;
  std::size_t max_entries = Terms().max_entries;
  Seconds clock_trial = Clock().trial;
  std::optional<clients::RedisSettings> redis;
  RedisKeySettings redis_keys;
  static std::span<const config::Option> options();
};

std::span<const config::Option> SharedSettings::options() {
  static const std::array rows{
      config::required<&SharedSettings::store>("store", "Where revocations outlive the process."),
      config::option<&SharedSettings::keep>(
          "keep",
          "How long the revocation of a token, subject or client is remembered when the "
          "order does not say. At least the longest life of an access token.",
          config::between(Seconds(60), Seconds(400 * 24 * 3600))),
      config::option<&SharedSettings::keep_consent>(
          "keep_consent", "The same for a consent; as long as a refresh token may live.",
          config::between(Seconds(60), Seconds(4000 * 24 * 3600))),
      config::option<&SharedSettings::max_entries>(
          "max_entries", "How many revocations there may be; each takes 35 to 60 bytes of memory.",
          config::between(std::size_t{1}, std::size_t{20'000'000})),
      config::option<&SharedSettings::clock_trial>("clock_trial",
                                                   "How long the wall clock must have kept step (± "
                                                   "2 s) with the clock that nobody sets before "
                                                   "what has expired is forgotten: from the start "
                                                   "on, and from every jump on. A new value holds "
                                                   "from the next start.",
                                                   config::between(Seconds(1), Seconds(24 * 3600))),
      config::option<&SharedSettings::redis>(
          "redis", "The Redis that all gateways follow and write to; `store` is the copy of it."),
      config::option<&SharedSettings::redis_keys>("redis_keys",
                                                  "How revocations are written in it."),
  };
  return rows;
}

std::shared_ptr<RevocationKeeper> keeper_of(const SharedSettings& common,
                                            policy::LoadContext& context) {
  const StoreSettings& store = common.store;
  // The folder alone is the key: it has one owner, and a change of anything else must not need it
  // twice while the old configuration is still in use.
  return context.service<RevocationKeeper>(store.path.path, [&] {
    return std::make_shared<RevocationKeeper>(
        [path = store.path.path, size = store.max_size.bytes] { return open_lmdb(path, size); },
        RevocationKeeper::kTick, common.redis.has_value(), Clock{read_clocks, common.clock_trial},
        store.path.path);
  });
}

// follower_of is nothing without a Redis, and where its options are wrong. `key` is what it is
// found by.
std::shared_ptr<RedisFollower> follower_of(const SharedSettings& common, const config::Node& shared,
                                           const std::shared_ptr<RevocationKeeper>& keeper,
                                           std::string& key, policy::LoadContext& context) {
  if (!common.redis) return nullptr;
  auto following =
      redis_following(*common.redis, common.redis_keys, *shared.find("redis"), context.findings());
  if (!following) return nullptr;
  following->max_entries = common.max_entries;
  key = common.store.path.path + '\n' + following_key(*following, common.redis_keys);
  return context.service<RedisFollower>(
      key, [&] { return std::make_shared<RedisFollower>(keeper, *std::move(following)); });
}

// key_of tells the issuers of two configurations apart.
std::string key_of(const std::vector<policy::IssuerTerms>& issuers) {
  std::string key;
  for (const policy::IssuerTerms& one : issuers) {
    key += '\n' + one.name + '\n' + one.issuer + '\n' + std::to_string(one.leeway.count()) +
           (one.has_consents ? "c" : "") + (one.has_opaque ? "o" : "");
  }
  return key;
}

std::shared_ptr<const policy::Plan> load(const config::Node& node, policy::LoadContext& context) {
  const config::Node* shared = context.shared_node("revocation");
  if (refuse_moved(node, shared, context)) return nullptr;
  EntrySettings entry;
  if (!config::decode(node, entry, context.findings())) return nullptr;
  if (shared == nullptr) {
    context.findings().error(node, "needs a store: write `modules.revocation.store.path`");
    return nullptr;
  }
  SharedSettings common;
  if (!config::decode(*shared, common, context.findings())) return nullptr;
  auto plan = std::make_shared<RevocationPlan>();
  const auto keeper = keeper_of(common, context);
  plan->set = keeper->set();
  plan->entry = entry;
  plan->stale_counts =
      context.service<StaleService>("", [] { return std::make_shared<StaleService>(); })->counts();
  std::string redis_key;
  const auto follower = follower_of(common, *shared, keeper, redis_key, context);
  if (common.redis && !follower) return nullptr;
  if (follower) plan->freshness = follower->freshness();
  const std::vector<policy::IssuerTerms> issuers = context.issuer_terms();
  const Terms terms{common.keep, common.keep_consent, common.max_entries};
  const std::string key = common.store.path.path + '\n' + std::to_string(terms.keep.count()) +
                          '\n' + std::to_string(terms.keep_consent.count()) + '\n' +
                          std::to_string(terms.max_entries) + '\n' + redis_key + key_of(issuers);
  const auto orders = context.service<RevocationOrders>(
      key, [&] { return std::make_shared<RevocationOrders>(keeper, terms, follower, issuers); });
  plan->orders = orders->door();
  plan->leaves_certainty = context.is_needed(policy::Fact::revocations);
  return plan;
}

}  // namespace

const policy::Module module{
    .name = "revocation",
    .summary = "Refuses tokens that an operator has revoked.",
    .shared_options = SharedSettings::options(),
    .options = EntrySettings::options(),
    .reasons = kReasons,
    .checks = all_checks(),
    .needs = {},
    .wants = kWants,
    .gives = kGives,
    .load = load,
    .attach = attach,
};

}  // namespace sallyport::revocation
