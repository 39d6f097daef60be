#pragma once

// Loading a chain entry of a module that judges by limits.

#include <memory>
#include <string_view>

#include "gateway/policy/module.h"
#include "gateway/ratelimit/limit_policy.h"

namespace sallyport::ratelimit {

// Traits is what a module is beyond its name: whether its limits may count by a token's claims.
struct Traits {
  std::string_view module;
  bool has_token = false;
  Reasons reasons{};
};

std::shared_ptr<const policy::Plan> load(const Traits& traits, const config::Node& node,
                                         policy::LoadContext& context);

std::unique_ptr<policy::Policy> attach(std::shared_ptr<const policy::Plan> plan,
                                       policy::AttachContext& context);

}  // namespace sallyport::ratelimit
