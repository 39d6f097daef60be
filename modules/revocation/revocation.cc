#include "modules/revocation/revocation.h"

#include <array>
#include <utility>

#include "gateway/config/option.h"
#include "modules/revocation/issuer.h"
#include "modules/revocation/redis_options.h"
#include "modules/revocation/revocation_orders.h"
#include "modules/revocation/revocation_policy.h"

namespace sallyport::revocation {
namespace {

// A chain without a token is judged by the client's certificate alone.
constexpr std::array<policy::Fact, 1> kWants = {policy::Fact::token};
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

struct GrantSettings {
  config::File path;
  config::Size max_size{1024 * 1024 * 1024};
  std::size_t max_entries = GrantTerms().max_entries;
  Seconds keep = GrantTerms().keep;
  static std::span<const config::Option> options();
};

std::span<const config::Option> GrantSettings::options() {
  static const std::array rows{
      config::required<&GrantSettings::path>(
          "path", "Folder of its store, for this gateway alone; made when its parent exists."),
      config::option<&GrantSettings::max_size>(
          "max_size", "Largest size of the store's file. A new size holds from the next start.",
          config::between(config::Size{1024 * 1024}, config::Size{64ULL * 1024 * 1024 * 1024})),
      config::option<&GrantSettings::max_entries>(
          "max_entries",
          "How many tokens are known at most; of what comes later only the client is known.",
          config::between(std::size_t{1}, std::size_t{100'000'000})),
      config::option<&GrantSettings::keep>(
          "keep", "How long a refresh token is known. At least as long as one lives.",
          config::between(Seconds(60), Seconds(4000LL * 24 * 3600))),
  };
  return rows;
}

struct SharedSettings {
  StoreSettings store;
  Seconds keep = Terms().keep;
  Seconds keep_consent = Terms().keep_consent;
  std::size_t max_entries = Terms().max_entries;
  Seconds clock_trial = Clock().trial;
  std::optional<GrantSettings> grants;
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
      config::option<&SharedSettings::grants>(
          "grants",
          "Where it is remembered whose the tokens are that the authorization server issued "
          "through this gateway; chains with an `endpoint` need it."),
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

std::shared_ptr<const GuardPlan> guard_of(const EntrySettings& entry, const GrantSettings& grants,
                                          const RevocationOrders& orders,
                                          std::shared_ptr<const RevocationSet> set,
                                          Seconds clock_trial, std::shared_ptr<AnswerCounts> counts,
                                          policy::LoadContext& context) {
  auto guard = std::make_shared<GuardPlan>();
  guard->endpoint = entry.endpoint;
  guard->issuer = entry.issuer;
  guard->issuer_id = issuer_id(entry.issuer);
  guard->query = entry.query;
  guard->terms = {grants.keep, grants.max_entries};
  // As for the keeper: the folder alone is the key.
  guard->ledger = context
                      .service<GrantLedger>(grants.path.path,
                                            [&] {
                                              return std::make_shared<GrantLedger>(
                                                  grants.path.path, grants.max_size.bytes,
                                                  Clock{read_clocks, clock_trial});
                                            })
                      ->door();
  guard->orders = orders.door();
  guard->set = std::move(set);
  guard->counts = std::move(counts);
  return guard;
}

// check_query says whether the entry's `query` is good; if not, why is among the findings.
bool check_query(const config::Node& node, const EntrySettings& entry,
                 policy::LoadContext& context) {
  if (entry.query.empty()) return true;
  std::string text = entry.endpoint == Endpoint::none ? "is for routes with an `endpoint`"
                                                      : check_query_option(entry.query);
  if (text.empty()) return true;
  const config::Node* at = node.find("query");
  context.findings().error(at != nullptr ? *at : node, std::move(text));
  return false;
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
  EntrySettings entry;
  if (!config::decode(node, entry, context.findings())) return nullptr;
  const config::Node* shared = context.shared_node("revocation");
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
  const auto answers =
      context.service<AnswerService>("", [] { return std::make_shared<AnswerService>(); });
  if (!check_query(node, entry, context)) return nullptr;
  if (entry.endpoint == Endpoint::none) return plan;
  if (!common.grants) {
    context.findings().error(node, "an `endpoint` needs `modules.revocation.grants.path`");
    return nullptr;
  }
  plan->guard = guard_of(entry, *common.grants, *orders, plan->set, common.clock_trial,
                         answers->counts(), context);
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
    .gives = {},
    .load = load,
    .attach = attach,
};

}  // namespace sallyport::revocation
