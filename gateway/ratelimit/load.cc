#include "gateway/ratelimit/load.h"

#include <cstring>
#include <string>

#include "gateway/base/text.h"
#include "gateway/config/message.h"
#include "gateway/config/option.h"
#include "gateway/crypto/digest.h"
#include "gateway/ratelimit/keeper.h"
#include "gateway/ratelimit/sharing.h"

namespace sallyport::ratelimit {
namespace {

// shared_key is the same wherever the secret is: gateways name a key alike.
crypto::SipKey shared_key(const config::Secret& secret) {
  const crypto::Sha256 digest = crypto::hmac_sha256(secret.reveal(), "sallyport limit keys");
  std::array<std::uint64_t, 2> words;
  std::memcpy(words.data(), digest.data(), sizeof words);
  return crypto::SipKey(words);
}

std::string fingerprint(const config::Secret& secret) {
  return to_hex(crypto::as_text(crypto::hmac_sha256(secret.reveal(), "sallyport limit state")));
}

class Loader {
 public:
  Loader(const Traits& traits, const ModuleSettings& settings, policy::LoadContext& context)
      : traits_(traits), settings_(settings), context_(context) {}

  std::shared_ptr<const policy::Plan> load(const EntrySettings& entry) {
    config::Findings& findings = context_.findings();
    const std::size_t before = findings.error_count();
    auto plan = std::make_shared<LimitPlan>();
    plan->reasons = traits_.reasons;
    plan->state = keep_state();
    share(*plan);
    if (entry.limits.size() > kMaxLimits) {
      findings.error(entry.limits.back().node,
                     "is one too many: an entry has at most " + std::to_string(kMaxLimits));
    }
    for (const auto& name : entry.limits) add_limit(name, *plan);
    return findings.error_count() > before ? nullptr : std::move(plan);
  }

 private:
  // The state is kept while its size and its key stay the same; a changed limit in it begins anew.
  std::shared_ptr<LimitState> keep_state() {
    std::string key = std::string(traits_.module) + '\n' + std::to_string(settings_.keys) + '\n';
    if (settings_.shared) key += fingerprint(settings_.shared->hash_key);
    state_key_ = key;
    const auto keeper = context_.service<LimitKeeper>(key, [&] {
      return std::make_shared<LimitKeeper>(
          traits_.module, settings_.keys,
          settings_.shared ? shared_key(settings_.shared->hash_key) : crypto::SipKey::random());
    });
    return keeper->state();
  }

  void share(LimitPlan& plan) {
    if (!settings_.shared) return;
    const auto& redis = settings_.shared->redis;
    auto endpoint = clients::redis_endpoint(*redis, redis.node, context_.findings());
    if (!endpoint) return;
    const Milliseconds interval = settings_.shared->interval;
    const std::string key =
        state_key_ + '\n' + endpoint->fingerprint() + '\n' + std::to_string(interval.count());
    const auto sharing = context_.service<LimitSharing>(key, [&] {
      return std::make_shared<LimitSharing>(traits_.module, plan.state, *std::move(endpoint),
                                            interval);
    });
    plan.ledger = sharing->ledger();
  }

  void add_limit(const config::At<std::string>& name, LimitPlan& plan) {
    config::Findings& findings = context_.findings();
    const auto found = settings_.limits.find(*name);
    if (found == settings_.limits.end()) {
      return findings.error(name.node, "there is no limit " + config::quoted(*name) + known());
    }
    for (const auto& part : found->second->by) {
      if (traits_.has_token || !is_of_token(*part)) continue;
      findings.error(part.node, "is known only once a token was verified: use the policy `quota`");
    }
    auto limit = Limit::make(*name, *found->second, found->second.node, *plan.state, findings);
    if (!limit) return;
    plan.has_concurrent = plan.has_concurrent || limit->has_concurrent();
    plan.limits.push_back(std::move(limit));
  }

  // known suggests a limit that may have been meant.
  std::string known() const {
    std::vector<std::string_view> names;
    for (const auto& [name, limit] : settings_.limits) names.push_back(name);
    return "; under `modules." + std::string(traits_.module) + ".limits` there are " +
           config::choices(names);
  }

  const Traits& traits_;
  const ModuleSettings& settings_;
  policy::LoadContext& context_;
  std::string state_key_;
};

}  // namespace

std::shared_ptr<const policy::Plan> load(const Traits& traits, const config::Node& node,
                                         policy::LoadContext& context) {
  EntrySettings entry;
  if (!config::decode(node, entry, context.findings())) return nullptr;
  const config::Node* shared = context.shared_node(traits.module);
  if (shared == nullptr) {
    context.findings().error(
        node, "needs limits: write them under `modules." + std::string(traits.module) + ".limits`");
    return nullptr;
  }
  ModuleSettings settings;
  if (!config::decode(*shared, settings, context.findings())) return nullptr;
  return Loader(traits, settings, context).load(entry);
}

std::unique_ptr<policy::Policy> attach(std::shared_ptr<const policy::Plan> plan,
                                       policy::AttachContext& context) {
  return std::make_unique<LimitPolicy>(std::static_pointer_cast<const LimitPlan>(plan),
                                       context.worker());
}

}  // namespace sallyport::ratelimit
