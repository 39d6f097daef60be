#include "modules/oauth/checks.h"

#include <array>

#include "gateway/policy/revocations.h"
#include "modules/oauth/reasons.h"

namespace sallyport::oauth {
namespace {

using policy::Reason;

constexpr std::array<const Reason*, 1> kOfRequest = {&kRequest};
constexpr std::array<const Reason*, 2> kOfGrants = {&kGrant, &kGrantsUnavailable};
constexpr std::array<const Reason*, 2> kOfFreshness = {&policy::kRevocationsStale,
                                                       &policy::kRevocationsUnknown};

}  // namespace

std::span<const policy::Check> all_checks() {
  using policy::check;
  using policy::Needed;
  static const std::array all{
      check(Check::oauth_request, "oauth_request", kOfRequest),
      check(Check::grants, "grants", kOfGrants, Needed::sometimes),
      check(Check::freshness, "freshness", kOfFreshness, Needed::sometimes),
  };
  return all;
}

}  // namespace sallyport::oauth
