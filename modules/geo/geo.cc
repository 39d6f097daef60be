#include "modules/geo/geo.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/config/option.h"
#include "gateway/policy/facts.h"
#include "modules/geo/plan.h"

namespace sallyport::geo {
namespace {

using policy::ErrorClass;
using policy::Evidence;
using policy::Exchange;
using policy::Location;
using policy::Reason;
using policy::Verdict;

constexpr Reason kCountryDenied{"geo.country_denied", ErrorClass::forbidden,
                                "The client's address is in a country of `deny`."};
constexpr Reason kContinentDenied{"geo.continent_denied", ErrorClass::forbidden,
                                  "The client's address is on a continent of `deny`."};
constexpr Reason kAsnDenied{"geo.asn_denied", ErrorClass::forbidden,
                            "The client's address belongs to an ASN of `deny`."};
constexpr Reason kNotAllowed{
    "geo.not_allowed", ErrorClass::forbidden,
    "The client's address is nowhere that `allow` names. The evidence says "
    "where the databases see it."};
constexpr Reason kUnknownAddress{
    "geo.unknown_address", ErrorClass::forbidden,
    "The databases do not know of the client's address what the rules ask. A partner whose address "
    "is missing belongs in the `address` policy; `unknown: allow` lets all of them pass."};
constexpr Reason kUnavailable{"geo.unavailable", ErrorClass::unavailable,
                              "A database that the rules ask is not there, or is damaged. The log "
                              "has an event that says why."};

enum class Check : std::uint8_t { deny, allow };
constexpr std::array kOfDeny{&kCountryDenied, &kContinentDenied, &kAsnDenied, &kUnavailable,
                             &kUnknownAddress};
constexpr std::array kOfAllow{&kNotAllowed, &kUnavailable, &kUnknownAddress};
constexpr std::array kChecks{
    policy::check(Check::deny, "deny", kOfDeny, policy::Needed::sometimes),
    policy::check(Check::allow, "allow", kOfAllow, policy::Needed::sometimes)};
const auto kReasons = policy::reasons_of(kChecks);

const Reason* denial(Rule::Match match) {
  switch (match) {
    case Rule::Match::country:
      return &kCountryDenied;
    case Rule::Match::continent:
      return &kContinentDenied;
    case Rule::Match::asn:
      return &kAsnDenied;
    case Rule::Match::none:
      return nullptr;
  }
  return nullptr;
}

// Answer is what the databases say, and which of them said nothing.
struct Answer {
  Location location;
  bool places_are_missing = false;
  bool asns_are_missing = false;

  bool is_missing_for(const Rule& rule) const {
    return (places_are_missing && rule.asks_place()) || (asns_are_missing && rule.asks_asn());
  }
};

// ask returns false when a configured database has nothing to say, since it is not there yet or is
// damaged.
bool ask(const std::shared_ptr<const event::Live<Database>>& live, const Exchange& exchange,
         Location& to) {
  if (!live) return true;
  const Database* database = live->here(exchange.worker);
  return database != nullptr && database->look_up(exchange.facts.client_address, to);
}

// The client's address is in every log line already; and its text could be an allocation.
Evidence evidence_of(Exchange& exchange, const Location& location, std::string_view tags) {
  const auto or_dash = [](std::string_view code) { return code.empty() ? "-" : code; };
  return policy::evidence(exchange, "country={} continent={} asn={}{}{}",
                          or_dash(location.country()), or_dash(location.continent()), location.asn,
                          tags.empty() ? "" : " tags=", tags);
}

}  // namespace

// Outside of the anonymous namespace, as policy/facts.h names it: the maker of LocatedAddress.
class GeoPolicy final : public policy::Policy {
 public:
  explicit GeoPolicy(std::shared_ptr<const GeoPlan> plan) : plan_(std::move(plan)) {}

  Verdict on_request(Exchange& exchange) override {
    Answer answer;
    answer.places_are_missing = !ask(plan_->places, exchange, answer.location);
    answer.asns_are_missing = !ask(plan_->asns, exchange, answer.location);
    const std::string_view tags = tags_of(answer.location, exchange.arena);
    exchange.facts.geo = policy::LocatedAddress(answer.location, tags);
    const Evidence evidence = evidence_of(exchange, answer.location, tags);
    if (exchange.facts.allowlisted && !plan_->even_allowlisted) return policy::allow(evidence);
    // Where a rule names nothing there is no such check.
    const bool has_deny = !plan_->deny.is_empty();
    const bool has_allow = !plan_->allow.is_empty();
    if (has_deny) policy::must_pass(exchange, Check::deny);
    if (has_allow) policy::must_pass(exchange, Check::allow);
    if (const Reason* refusal = judge_denied(answer)) return policy::deny(*refusal, evidence);
    if (has_deny) policy::passed(exchange, Check::deny);
    if (!has_allow) return policy::allow(evidence);
    if (const Reason* refusal = judge_allowed(answer)) return policy::deny(*refusal, evidence);
    policy::passed(exchange, Check::allow);
    return policy::allow(evidence);
  }

 private:
  // judge_denied returns why `deny` refuses the address, or null.
  const Reason* judge_denied(const Answer& answer) const {
    if (const Reason* denied = denial(plan_->deny.match(answer.location))) return denied;
    if (answer.is_missing_for(plan_->deny)) return &kUnavailable;
    return refuses_unknown() && plan_->deny.lacks(answer.location) ? &kUnknownAddress : nullptr;
  }

  // judge_allowed does the same for `allow`, which names something.
  const Reason* judge_allowed(const Answer& answer) const {
    if (plan_->allow.match(answer.location) != Rule::Match::none) return nullptr;
    if (answer.is_missing_for(plan_->allow)) return &kUnavailable;
    if (!plan_->allow.lacks(answer.location)) return &kNotAllowed;
    return refuses_unknown() ? &kUnknownAddress : nullptr;
  }

  bool refuses_unknown() const { return plan_->unknown == Unknown::deny; }

  // tags_of names the rules that cover the location. Their number and their names are limited.
  std::string_view tags_of(const Location& location, Arena& arena) const {
    std::string_view tags;
    for (const Tag& tag : plan_->tags) {
      if (tag.rule.match(location) == Rule::Match::none) continue;
      tags = tags.empty() ? std::string_view(tag.name) : joined(tags, tag.name, arena);
    }
    return tags;
  }

  static std::string_view joined(std::string_view first, std::string_view second, Arena& arena) {
    const std::size_t size = first.size() + 1 + second.size();
    char* const to = static_cast<char*>(arena.allocate(size, 1));
    char* at = std::ranges::copy(first, to).out;
    *at++ = ',';
    std::ranges::copy(second, at);
    return {to, size};
  }

  const std::shared_ptr<const GeoPlan> plan_;
};

namespace {

std::unique_ptr<policy::Policy> attach(std::shared_ptr<const policy::Plan> plan,
                                       policy::AttachContext&) {
  return std::make_unique<GeoPolicy>(std::static_pointer_cast<const GeoPlan>(plan));
}

}  // namespace

const policy::Module module{
    .name = "geo",
    .summary = "Refuses, lets pass or tags requests by the country and network of their address.",
    .shared_options = SharedSettings::options(),
    .options = EntrySettings::options(),
    .reasons = kReasons,
    .checks = kChecks,
    .needs = {},
    .gives = {},
    .load = load_plan,
    .attach = attach,
};

}  // namespace sallyport::geo
