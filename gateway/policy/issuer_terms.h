#pragma once

// IssuerTerms is what one module may know of the token issuers that another verifies: enough to
// tell an operator what an order will do. Not a secret, and nothing to judge requests by.

#include <string>

#include "gateway/base/clock.h"

namespace sallyport::policy {

struct IssuerTerms {
  std::string name;          // in the configuration
  std::string issuer;        // the `iss` of its tokens
  Seconds leeway{0};         // how far ahead of ours an accepted `iat` may be
  bool has_consents = true;  // its tokens may carry the id of a consent
  bool has_opaque = false;   // it is asked about opaque tokens
};

}  // namespace sallyport::policy
