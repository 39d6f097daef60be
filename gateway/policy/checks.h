#pragma once

// Checks are what a policy asks of a request, one after the other, until one fails. A module
// declares them once; `sallyport explain --token` and `sallyport why` both tell them by that
// declaration.
//
// A request carries two bits for each check and no text: which it has passed, and which of those
// that not every request needs it must pass. The check that failed is told by the reason.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "gateway/policy/reason.h"

namespace sallyport::policy {

// Needed says whether every request that a policy judges must pass a check, or only those of which
// the policy says so (must_pass in exchange.h).
enum class Needed : std::uint8_t { always, sometimes };

struct Check {
  std::uint8_t place;     // among those of its module, in the order in which they are made
  std::string_view name;  // "signature"
  std::span<const Reason* const> reasons;  // with which it fails; several checks may share one
  Needed needed = Needed::always;
};

inline constexpr std::size_t kMaxChecks = 16;  // as many as CheckMarks has bits

// check makes the row of `which`, an enumerator of the module that stands for the check's place.
template <class Which>
constexpr Check check(Which which, std::string_view name, std::span<const Reason* const> reasons,
                      Needed needed = Needed::always) {
  static_assert(std::is_enum_v<Which>);
  return {static_cast<std::uint8_t>(which), name, reasons, needed};
}

// CheckMarks is what one policy has noted of one exchange: bits by Check::place.
struct CheckMarks {
  std::uint16_t passed = 0;
  std::uint16_t must_pass = 0;

  template <class Which>
  static constexpr std::uint16_t bit(Which which) {
    return static_cast<std::uint16_t>(1U << static_cast<unsigned>(which));
  }
};

enum class CheckResult : std::uint8_t {
  not_made,  // this request did not need it
  passed,
  failed,
  not_reached,  // another had failed before
};
std::string_view to_string(CheckResult result);

// reasons_of lists the reasons of `checks`, each once, in order: what such a module declares as its
// reasons.
std::vector<const Reason*> reasons_of(std::span<const Check> checks);

// failed_check returns the place of the check that a policy gave up at, or nothing when the reason
// is not of its checks: the first after the last that was passed that has the reason, and of those
// one that the request needed goes before. A policy that waited for too long gave up at the first
// that it had said must be passed.
std::optional<std::size_t> failed_check(std::span<const Check> checks, CheckMarks marks,
                                        const Reason& reason);

// results_of says what came of each of `checks`; `reason` is null when the policy allowed.
std::vector<CheckResult> results_of(std::span<const Check> checks, CheckMarks marks,
                                    const Reason* reason);

}  // namespace sallyport::policy
