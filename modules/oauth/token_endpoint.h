#pragma once

// TokenEndpoint guards the token endpoint (RFC 6749 section 3.2): it learns from the answers whose
// the issued tokens are, and refuses refresh tokens of who is revoked.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "modules/oauth/endpoint.h"

namespace sallyport::oauth {

class TokenEndpoint final : public Endpoint {
 public:
  TokenEndpoint(std::shared_ptr<const EndpointPlan> plan, event::Loop& loop)
      : Endpoint(std::move(plan), loop) {}

  std::size_t answer_limit(const policy::Exchange& exchange,
                           const http::ResponseHead& head) const override;
  policy::Verdict on_answer(policy::Exchange& exchange, const policy::Answer& answer) override;

 private:
  // Noted is what on_answer needs to know of the request. Its text lies in the exchange's arena.
  struct Noted {
    std::string_view client;      // who the request says that asks, by its first word
    std::int64_t granted_at = 0;  // of the oldest grant that it rests on; zero: it is a new one
  };
  using Grants = std::vector<std::optional<Grant>>;  // nothing: a token that is not known

  void prepare(policy::Exchange& exchange) const override;
  policy::Verdict judge(policy::Exchange& exchange, OauthRequest request) override;
  policy::Verdict look_up(policy::Exchange& exchange, OauthRequest request);
  policy::Verdict judge_grants(policy::Exchange& exchange, const OauthRequest& request,
                               const Result<Grants>& told);
  std::optional<policy::Verdict> find_revoked(policy::Exchange& exchange,
                                              const NamedClients& clients,
                                              const Grant& grant) const;
  policy::Verdict not_learned(policy::Exchange& exchange, NotLearned why) const;
};

}  // namespace sallyport::oauth
