#pragma once

// explain_token runs the policies of a route that judge tokens over an imagined request with a
// given token, and tells every check that they make. Nothing is forwarded, logged or counted as a
// request.

#include <functional>
#include <memory>
#include <string>

#include "gateway/event/loop.h"
#include "gateway/policy/chain.h"
#include "gateway/policy/route.h"

namespace sallyport::desk {

// TokenCase is what is asked: the token as it would stand after "Bearer ", of at most 32 KiB.
struct TokenCase {
  std::string route;  // its id
  std::string token;  // a secret
};

// TokenExplanation is what came of it. `json` is
// {"route","allowed","checks":[{"policy","check","passed","detail"}],"refusals":[{"policy","reason",
// "evidence","help","enforced"}]} and holds no secret. A check that only a request of the client
// could tell, such as a DPoP proof, has null for "passed"; "allowed" is null when nothing else is
// against the token.
struct TokenExplanation {
  bool allowed = false;
  std::string json;
};

// explain_token calls `done` on `loop`, now or when a policy that waits has its answer. `keep` is
// held until then: it owns what `chain` and `route` are part of.
void explain_token(event::Loop& loop, policy::AttachedChain& chain, const policy::Route& route,
                   unsigned worker, const std::string& token, std::shared_ptr<const void> keep,
                   std::function<void(TokenExplanation)> done);

}  // namespace sallyport::desk
