#pragma once

// What the module makes of one chain entry's options.

#include <memory>
#include <string>
#include <vector>

#include "gateway/event/live.h"
#include "gateway/policy/module.h"
#include "modules/geo/database.h"
#include "modules/geo/rule.h"
#include "modules/geo/settings.h"

namespace sallyport::geo {

struct Tag {
  std::string name;
  Rule rule;
};

struct GeoPlan final : policy::Plan {
  // Null: not configured. Then no rule of the entry asks for it.
  std::shared_ptr<const event::Live<Database>> places;
  std::shared_ptr<const event::Live<Database>> asns;
  Rule allow;  // empty: there is no list
  Rule deny;
  std::vector<Tag> tags;
  Unknown unknown = Unknown::deny;
  bool even_allowlisted = false;
};

// load_plan is Module::load: it adds findings and returns null on any error.
std::shared_ptr<const policy::Plan> load_plan(const config::Node& node,
                                              policy::LoadContext& context);

}  // namespace sallyport::geo
