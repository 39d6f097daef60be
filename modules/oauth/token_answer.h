#pragma once

// TokenAnswer is what a token endpoint's answer teaches, and what becomes of the answers that teach
// nothing: they are passed on, as the server may have taken the old refresh token back already, and
// the operator is told.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/policy/module.h"
#include "gateway/policy/policy.h"
#include "gateway/policy/worker_counts.h"
#include "modules/oauth/grant.h"

namespace sallyport::oauth {

// NotLearned is why the tokens of an answer cannot be told later by user or consent.
enum class NotLearned : std::uint8_t {
  too_long,     // longer than kMaxTokenResponse, packed or not
  coding,       // a Content-Encoding other than gzip, or broken gzip
  form,         // no token response (RFC 6749 section 5.1)
  name,         // a name in it is longer than can be revoked
  not_written,  // the store of grants could not take it
};
inline constexpr std::size_t kNotLearned = 5;
std::string_view to_string(NotLearned why);

struct TokenAnswer {
  std::optional<LearnedGrant> learned;
  std::optional<NotLearned>
      problem;  // with `learned`: a part is missing. Neither: nothing was issued
};

TokenAnswer read_token_answer(const policy::Answer& answer, std::int64_t now);

using AnswerCounts = policy::WorkerCounts<NotLearned, kNotLearned>;

// AnswerService tells the operator the counts, and gives the alarm.
class AnswerService final : public policy::Service {
 public:
  void start(event::Loop&, event::Broadcast&) override {}
  void metrics(std::vector<policy::Metric>& to) const override;
  std::vector<policy::Notice> notices() override;
  std::shared_ptr<AnswerCounts> counts() const { return counts_; }

 private:
  const std::shared_ptr<AnswerCounts> counts_ = std::make_shared<AnswerCounts>();
  std::array<std::uint64_t, kNotLearned> told_{};
};

}  // namespace sallyport::oauth
