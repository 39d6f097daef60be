#include "gateway/ratelimit/limits.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "gateway/config/message.h"
#include "gateway/config/scalar.h"
#include "gateway/crypto/verified_certificate.h"
#include "gateway/policy/facts.h"
#include "gateway/policy/route.h"

namespace sallyport::ratelimit {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::int64_t kMostDepthNs = std::int64_t{30} * 24 * 3600 * 1000 * kNsPerMs;

// KeyText is the material of a key's hash: a part's tag and then one or two fixed-size values, so
// that no two keys read the same. Text is hashed first, however long a token makes it.
class KeyText {
 public:
  KeyText(const crypto::SipKey& key, const crypto::Hash128& seed) : key_(key) { add(seed); }

  void begin(KeyPart part) { text_[size_++] = static_cast<char>(part); }
  void add(const void* bytes, std::size_t size) {
    std::memcpy(&text_[size_], bytes, size);
    size_ += size;
  }
  void add(const crypto::Hash128& hash) {
    add(&hash.low, sizeof hash.low);
    add(&hash.high, sizeof hash.high);
  }
  void add(std::string_view text) { add(key_.hash128(text)); }
  // Two texts of which the first may be anything: the issuer, and what it names.
  void add(std::string_view issuer, std::string_view name) {
    add(issuer);
    add(name);
  }
  crypto::Hash128 hash() const { return key_.hash128({text_.data(), size_}); }

 private:
  static constexpr std::size_t kParts = option_names(KeyPart{}).size();
  const crypto::SipKey& key_;
  std::array<char, 16 + kParts * 33> text_;
  std::size_t size_ = 0;
};

std::string_view name_of(KeyPart part) {
  return option_names(KeyPart{})[static_cast<std::size_t>(part)].first;
}

// named returns the claim that a part of a token counts by.
const std::string& named(const policy::TokenClaims& claims, KeyPart part) {
  if (part == KeyPart::subject) return claims.subject;
  return part == KeyPart::client ? claims.client_id : claims.consent_id;
}

}  // namespace

// LimitMaker turns settings into a Limit.
class LimitMaker {
 public:
  LimitMaker(const LimitSettings& settings, const config::Node& node, const crypto::SipKey& key,
             config::Findings& findings)
      : settings_(settings), node_(node), key_(key), findings_(findings) {}

  std::shared_ptr<Limit> make(const std::string& name) {
    const std::size_t before = findings_.error_count();
    auto limit = std::shared_ptr<Limit>(new Limit);
    limit->name_ = name;
    read_parts(*limit);
    limit->ipv4_prefix_ = settings_.ipv4_prefix;
    limit->ipv6_prefix_ = settings_.ipv6_prefix;
    limit->rule_ = rule(*limit, node_, settings_.requests, settings_.per, settings_.burst,
                        settings_.concurrent);
    for (const auto& [identity, own] : settings_.classes) {
      // A class with a rate of its own does not take over the burst of another rate.
      const auto burst = own->burst ? own->burst : own->requests ? own->requests : settings_.burst;
      limit->classes_[identity] =
          rule(*limit, own.node, own->requests ? own->requests : settings_.requests,
               own->per.value_or(settings_.per), burst,
               own->concurrent ? own->concurrent : settings_.concurrent);
    }
    return findings_.error_count() > before ? nullptr : limit;
  }

 private:
  void read_parts(Limit& limit) {
    for (const auto& part : settings_.by) {
      if (std::find(limit.by_.begin(), limit.by_.end(), *part) != limit.by_.end()) {
        findings_.error(part.node, "stands here twice");
      }
      limit.by_.push_back(*part);
    }
  }

  Rule rule(Limit& limit, const config::Node& node, std::optional<std::uint32_t> requests,
            Milliseconds per, std::optional<std::uint32_t> burst,
            std::optional<std::uint32_t> concurrent) {
    Rule made;
    if (!requests && !concurrent) {
      findings_.error(node, "limits nothing: write `requests`, `concurrent` or both");
    }
    if (!requests && burst) findings_.error(node, "has a `burst` of no `requests`");
    if (requests) {
      const std::int64_t count = *requests;
      made.rate.interval_ns = (per.count() * kNsPerMs + count - 1) / count;
      made.rate.burst = burst.value_or(*requests);
      made.text = fmt::format("requests={}/{} burst={}", count, config::show(per), made.rate.burst);
      if (made.rate.burst > kMostDepthNs / made.rate.interval_ns) {
        findings_.error(node,
                        "an empty bucket would take more than 30 days to fill: write a "
                        "smaller `burst`");
      }
    }
    if (concurrent) {
      made.concurrent = *concurrent;
      made.text += fmt::format("{}concurrent={}", made.text.empty() ? "" : " ", *concurrent);
      limit.has_concurrent_ = true;
    }
    made.seed = key_.hash128(definition(limit, made));
    return made;
  }

  static std::string definition(const Limit& limit, const Rule& rule) {
    std::string text = limit.name_ + '\n' + rule.text + '\n';
    for (const KeyPart part : limit.by_) text += std::string(name_of(part)) + ' ';
    return text + fmt::format("/{} /{}", limit.ipv4_prefix_, limit.ipv6_prefix_);
  }

  const LimitSettings& settings_;
  const config::Node& node_;
  const crypto::SipKey& key_;
  config::Findings& findings_;
};

std::shared_ptr<const Limit> Limit::make(const std::string& name, const LimitSettings& settings,
                                         const config::Node& node, LimitState& state,
                                         config::Findings& findings) {
  auto limit = LimitMaker(settings, node, state.key(), findings).make(name);
  if (limit) limit->tallies_ = state.tallies(name);
  return limit;
}

bool Limit::is_of_token() const { return std::ranges::any_of(by_, ratelimit::is_of_token); }

Limit::Match Limit::match(const policy::Exchange& exchange) const {
  if (exchange.facts.identity && !classes_.empty()) {
    const auto found = classes_.find(exchange.facts.identity->name());
    if (found != classes_.end()) return {&found->second, Tier::partners};
  }
  return {&rule_, Tier::strangers};
}

crypto::Hash128 Limit::key_of(const policy::Exchange& exchange, const Rule& rule,
                              const crypto::SipKey& key) const {
  const policy::Facts& facts = exchange.facts;
  KeyText text(key, rule.seed);
  for (const KeyPart part : by_) {
    text.begin(part);
    switch (part) {
      case KeyPart::route:
        if (exchange.route != nullptr) text.add(exchange.route->id);
        break;
      case KeyPart::address: {
        const net::Address& client = facts.client_address;
        const bool is_v4 = client.family() == net::Family::v4;
        const auto first = net::Prefix::of(client, is_v4 ? ipv4_prefix_ : ipv6_prefix_).first();
        text.add(first.bytes().data(), first.bytes().size());
        text.add(is_v4 ? "4" : "6", 1);
        break;
      }
      case KeyPart::certificate:
        if (facts.client_certificate) {
          // Its key: the octets of a certificate can be changed by whoever holds it.
          text.add(facts.client_certificate->view().spki_sha256.data(), 32);
        }
        break;
      case KeyPart::identity:
        if (facts.identity) text.add(facts.identity->name());
        break;
      case KeyPart::subject:
      case KeyPart::client:
      case KeyPart::consent:
        if (facts.token) text.add(facts.token->claims().issuer, named(facts.token->claims(), part));
        break;
    }
  }
  return text.hash();
}

std::string Limit::describe(const policy::Exchange& exchange) const {
  const policy::Facts& facts = exchange.facts;
  std::string text;
  for (const KeyPart part : by_) {
    std::string value;
    switch (part) {
      case KeyPart::route:
        if (exchange.route != nullptr) value = exchange.route->id;
        break;
      case KeyPart::address:
        value = facts.client_address.text();
        break;
      case KeyPart::certificate:
        if (facts.client_certificate) value = facts.client_certificate->view().serial;
        break;
      case KeyPart::identity:
        if (facts.identity) value = facts.identity->name();
        break;
      case KeyPart::subject:
      case KeyPart::client:
      case KeyPart::consent:
        if (facts.token) value = named(facts.token->claims(), part);
        break;
    }
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name_of(part), value);
  }
  return text;
}

}  // namespace sallyport::ratelimit
