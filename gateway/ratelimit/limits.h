#pragma once

// A Limit is one entry of `modules.<name>.limits`, ready to judge by. Immutable, shared by workers.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/findings.h"
#include "gateway/crypto/siphash.h"
#include "gateway/policy/exchange.h"
#include "gateway/ratelimit/bucket.h"
#include "gateway/ratelimit/settings.h"
#include "gateway/ratelimit/state.h"

namespace sallyport::ratelimit {

// Rule is what holds for whoever is counted under it.
struct Rule {
  Rate rate;
  std::int64_t concurrent = 0;  // zero: any number
  std::string text;             // "requests=100/1s burst=200", for the evidence
  crypto::Hash128 seed;         // of all that defines it: a changed rule begins with full buckets
};

class Limit {
 public:
  // make checks what an option table cannot; nothing: `findings` says why.
  static std::shared_ptr<const Limit> make(const std::string& name, const LimitSettings& settings,
                                           const config::Node& node, LimitState& state,
                                           config::Findings& findings);

  const std::string& name() const { return name_; }
  bool is_of_token() const;
  bool has_concurrent() const { return has_concurrent_; }
  Tally& tally(unsigned worker) const { return (*tallies_)[worker]; }

  struct Match {
    const Rule* rule;
    Tier tier;
  };
  // match returns the rule for the client of this exchange.
  Match match(const policy::Exchange& exchange) const;
  // key_of hashes what the exchange is counted by, under the rule. It allocates nothing.
  crypto::Hash128 key_of(const policy::Exchange& exchange, const Rule& rule,
                         const crypto::SipKey& key) const;
  // describe renders it for the operator: "address=192.0.2.1 route=accounts".
  std::string describe(const policy::Exchange& exchange) const;

 private:
  friend class LimitMaker;
  Limit() = default;

  std::string name_;
  std::vector<KeyPart> by_;
  int ipv4_prefix_ = 32;
  int ipv6_prefix_ = 64;
  Rule rule_;
  std::map<std::string, Rule, std::less<>> classes_;
  bool has_concurrent_ = false;
  std::shared_ptr<Tallies> tallies_;
};

}  // namespace sallyport::ratelimit
