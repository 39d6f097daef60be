#pragma once

// OauthGuard judges requests to the authorization server's own endpoints. At the token endpoint it
// learns whose the issued tokens are, and refuses refresh tokens of who is revoked; at the
// revocation endpoint (RFC 7009) it revokes what the server cannot.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
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
#include "modules/revocation/token_answer.h"

namespace sallyport::revocation {

// GuardPlan is what control has prepared: immutable, shared by all workers.
struct GuardPlan {
  Endpoint endpoint = Endpoint::none;
  std::string issuer;     // of the tokens that the endpoint issues
  std::string issuer_id;  // see issuer.h
  std::string query;      // the only one that requests may have; empty: none
  GrantTerms terms;
  std::shared_ptr<GrantLedger::Door> ledger;
  std::shared_ptr<RevocationOrders::Door> orders;
  std::shared_ptr<const RevocationSet> set;
  std::shared_ptr<AnswerCounts> counts;
};

// RestsOn says what a request to the token endpoint rests on: a token that was issued before may
// have been revoked since, a code is a new decision of the user.
enum class RestsOn : std::uint8_t { nothing_issued, issued_token };

class OauthGuard {
 public:
  // `last` has the last word on a request in which nothing is known to be revoked: whether enough
  // is known.
  using Last = std::function<policy::Verdict(policy::Exchange&, RestsOn)>;
  OauthGuard(std::shared_ptr<const GuardPlan> plan, event::Loop& loop, Last last)
      : plan_(std::move(plan)), loop_(loop), last_(std::move(last)) {}

  // prepare is for every request, whoever else refuses it: in observe mode its answer is learned
  // all the same.
  void prepare(policy::Exchange& exchange) const;
  policy::Verdict on_request(policy::Exchange& exchange);
  std::size_t answer_limit(const policy::Exchange& exchange, const http::ResponseHead& head) const;
  policy::Verdict on_answer(policy::Exchange& exchange, const policy::Answer& answer);

 private:
  // Noted is what on_answer needs to know of the request. Its texts lie in the exchange's arena.
  struct Noted {
    std::string_view client;     // who the request says that asks, by its first word
    std::string_view access_id;  // to be revoked when the server says 200
    std::int64_t access_ends = 0;
    std::int64_t granted_at =
        0;                  // of the oldest grant that the request rests on; zero: it is a new one
    bool is_token = false;  // a token response is awaited
  };

  using Grants = std::vector<std::optional<Grant>>;  // nothing: a token that is not known

  policy::Verdict judge_tokens(policy::Exchange& exchange, OauthRequest request);
  policy::Verdict judge_grants(policy::Exchange& exchange, const OauthRequest& request,
                               const Result<Grants>& told);
  std::optional<policy::Verdict> find_revoked(policy::Exchange& exchange,
                                              const NamedClients& clients,
                                              const Grant& grant) const;
  policy::Verdict look_up_revoked(policy::Exchange& exchange, const OauthRequest& request);
  policy::Verdict learn(policy::Exchange& exchange, const policy::Answer& answer,
                        const Noted& noted);
  policy::Verdict not_learned(policy::Exchange& exchange, NotLearned why) const;
  policy::Verdict revoke(policy::Exchange& exchange, const Noted& noted);

  const std::shared_ptr<const GuardPlan> plan_;
  event::Loop& loop_;
  const Last last_;
};

// All that it can say, by its two checks: of the request, and of what is known of its tokens.
std::span<const policy::Reason* const> request_reasons();
std::span<const policy::Reason* const> grant_reasons();

}  // namespace sallyport::revocation
