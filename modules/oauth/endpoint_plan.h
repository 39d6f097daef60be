#pragma once

// EndpointPlan is what the module makes of a chain entry: immutable, shared by all workers.

#include <memory>
#include <string>

#include "gateway/policy/module.h"
#include "modules/oauth/grant_ledger.h"
#include "modules/oauth/settings.h"
#include "modules/oauth/token_answer.h"

namespace sallyport::oauth {

struct EndpointPlan final : policy::Plan {
  Kind kind = Kind::token;
  std::string issuer;  // of the tokens that the server issues; empty: every
  std::string query;   // the only one that requests may have; empty: none
  GrantTerms terms;
  std::shared_ptr<GrantLedger::Door> ledger;
  std::shared_ptr<AnswerCounts> counts;
};

}  // namespace sallyport::oauth
