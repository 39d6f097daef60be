#include "gateway/policy/checks.h"

#include <algorithm>
#include <bit>

#include "gateway/policy/reasons.h"

namespace sallyport::policy {
namespace {

bool has(std::uint16_t bits, const Check& check) {
  return (bits & CheckMarks::bit(check.place)) != 0;
}

bool is_needed(const Check& check, CheckMarks marks) {
  return check.needed == Needed::always || has(marks.must_pass, check);
}

}  // namespace

std::vector<const Reason*> reasons_of(std::span<const Check> checks) {
  std::vector<const Reason*> reasons;
  for (const Check& check : checks) {
    for (const Reason* reason : check.reasons) {
      if (std::ranges::find(reasons, reason) == reasons.end()) reasons.push_back(reason);
    }
  }
  return reasons;
}

std::optional<std::size_t> failed_check(std::span<const Check> checks, CheckMarks marks,
                                        const Reason& reason) {
  // They are made in order: none before the last that was passed can have failed.
  const auto after_last = static_cast<std::size_t>(std::bit_width(marks.passed));
  std::optional<std::size_t> unneeded;
  for (const Check& check : checks.subspan(std::min(after_last, checks.size()))) {
    if (&reason == &reasons::kPolicyTooSlow) {
      if (has(marks.must_pass, check)) return check.place;
    } else if (std::ranges::find(check.reasons, &reason) != check.reasons.end()) {
      if (is_needed(check, marks)) return check.place;
      if (!unneeded) unneeded = check.place;
    }
  }
  return unneeded;
}

std::vector<CheckResult> results_of(std::span<const Check> checks, CheckMarks marks,
                                    const Reason* reason) {
  std::vector<CheckResult> results(checks.size(), CheckResult::not_made);
  const auto failed = reason != nullptr ? failed_check(checks, marks, *reason) : std::nullopt;
  for (const Check& check : checks) {
    CheckResult& result = results[check.place];
    if (has(marks.passed, check)) {
      result = CheckResult::passed;
    } else if (check.place == failed) {
      result = CheckResult::failed;
    } else if (reason != nullptr && is_needed(check, marks) && check.place >= failed.value_or(0)) {
      result = CheckResult::not_reached;
    }
  }
  return results;
}

}  // namespace sallyport::policy
