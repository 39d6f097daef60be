#pragma once

// What the module makes of one chain entry's options.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/policy/module.h"
#include "modules/bearer/cache_service.h"
#include "modules/bearer/dpop_state.h"
#include "modules/bearer/introspector.h"
#include "modules/bearer/issuer_keys.h"
#include "modules/bearer/settings.h"
#include "modules/bearer/sighting_table.h"

namespace sallyport::bearer {

struct Issuer {
  std::string name;  // in the configuration
  IssuerSettings settings;
  std::shared_ptr<const IssuerKeys> keys;                  // also tells issuers apart
  std::shared_ptr<const IntrospectionPlan> introspection;  // null: it has no opaque tokens
  // What holds in this chain: its own words, or else the issuer's.
  std::vector<std::string> audience;
  Seconds max_age{};
  MaxAgeRule max_age_rule = MaxAgeRule::age;
};

class BearerPlan final : public policy::Plan {
 public:
  EntrySettings entry;
  std::vector<Issuer> issuers;  // those of this entry; few
  std::shared_ptr<DpopState> dpop;
  std::string dpop_algorithms;  // as challenges list them
  std::size_t token_limit = 0;
  std::shared_ptr<SightingTable> sightings;  // null when no issuer introspects
  std::shared_ptr<CacheGauges> cache_gauges;
  std::size_t cache_entries = 0;
  std::size_t cache_bytes = 0;

  // issuer_named returns the issuer whose tokens have that "iss", or null.
  const Issuer* issuer_named(std::string_view iss) const;
  const Issuer* issuer_with(const IssuerKeys* keys) const;
  // introspecting returns the one issuer that is asked about opaque tokens, or null.
  const Issuer* introspecting() const;
};

// issuers_of is Module::issuers: what is wrong with the options, load_plan says.
std::vector<policy::IssuerTerms> issuers_of(const config::Node& shared);

// load_plan is Module::load: it adds findings and returns null on any error.
std::shared_ptr<const policy::Plan> load_plan(const config::Node& node,
                                              policy::LoadContext& context);

}  // namespace sallyport::bearer
