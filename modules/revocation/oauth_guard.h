#pragma once

// OauthGuard judges requests to the authorization server's own endpoints. At the token endpoint it
// learns whose the issued tokens are, and refuses refresh tokens of who is revoked; at the
// revocation endpoint (RFC 7009) it revokes what the server cannot.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/policy/exchange.h"
#include "gateway/policy/policy.h"
#include "gateway/policy/verdict.h"
#include "modules/revocation/entry_settings.h"
#include "modules/revocation/grant_ledger.h"
#include "modules/revocation/oauth_request.h"
#include "modules/revocation/revocation_orders.h"
#include "modules/revocation/revocation_set.h"

namespace sallyport::revocation {

// GuardPlan is what control has prepared: immutable, shared by all workers.
struct GuardPlan {
  Endpoint endpoint = Endpoint::none;
  std::string issuer;     // of the tokens that the endpoint issues
  std::string issuer_id;  // see issuer.h
  GrantTerms terms;
  std::shared_ptr<GrantLedger::Door> ledger;
  std::shared_ptr<RevocationOrders::Door> orders;
  std::shared_ptr<const RevocationSet> set;
};

class OauthGuard {
 public:
  OauthGuard(std::shared_ptr<const GuardPlan> plan, event::Loop& loop)
      : plan_(std::move(plan)), loop_(loop) {}

  policy::Verdict on_request(policy::Exchange& exchange);
  std::size_t answer_limit(const policy::Exchange& exchange, const http::ResponseHead& head) const;
  policy::Verdict on_answer(policy::Exchange& exchange, const policy::Answer& answer);

 private:
  // Noted is what on_answer needs to know of the request. Its texts lie in the exchange's arena.
  struct Noted {
    std::string_view client;     // who the request says that asks, by its first word
    std::string_view access_id;  // to be revoked when the server says 200
    std::int64_t access_ends = 0;
    std::int64_t granted_at = 0;  // of the grant that is refreshed; zero: it is a new one
    bool is_token = false;        // a token response is awaited
  };

  policy::Verdict judge_refresh(policy::Exchange& exchange, const OauthRequest& request);
  policy::Verdict judge_grant(policy::Exchange& exchange, const std::vector<std::string>& clients,
                              const Grant& grant) const;
  policy::Verdict look_up_revoked(policy::Exchange& exchange, const OauthRequest& request);
  policy::Verdict learn(policy::Exchange& exchange, const policy::Answer& answer,
                        const Noted& noted);
  policy::Verdict revoke(policy::Exchange& exchange, const Noted& noted);

  const std::shared_ptr<const GuardPlan> plan_;
  event::Loop& loop_;
};

// All that it can say, by its two checks: of the request, and of what is known of its tokens.
std::span<const policy::Reason* const> request_reasons();
std::span<const policy::Reason* const> grant_reasons();

}  // namespace sallyport::revocation
