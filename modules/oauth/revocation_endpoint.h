#pragma once

// RevocationEndpoint guards the revocation endpoint (RFC 7009): when the server says yes, the
// access token is revoked here as well, since it would pass with its own proof until it expires.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "modules/oauth/endpoint.h"

namespace sallyport::oauth {

class RevocationEndpoint final : public Endpoint {
 public:
  RevocationEndpoint(std::shared_ptr<const EndpointPlan> plan, event::Loop& loop)
      : Endpoint(std::move(plan), loop) {}

  std::size_t answer_limit(const policy::Exchange& exchange,
                           const http::ResponseHead& head) const override;
  policy::Verdict on_answer(policy::Exchange& exchange, const policy::Answer& answer) override;

 private:
  // Noted is what on_answer revokes. Its texts lie in the exchange's arena.
  struct Noted {
    std::string_view client;     // who the request says that asks
    std::string_view access_id;  // the access token's name; empty: nothing is to be revoked
    std::int64_t access_ends = 0;
  };

  void prepare(policy::Exchange& exchange) const override;
  policy::Verdict judge(policy::Exchange& exchange, OauthRequest request) override;
  policy::Verdict judge_grant(policy::Exchange& exchange, const std::vector<std::string>& clients,
                              const Result<std::optional<Grant>>& told);
};

}  // namespace sallyport::oauth
