#include "gateway/policy/settle.h"

#include <utility>

namespace sallyport::policy {

bool settle(Exchange& exchange, const ChainEntry& entry, const Verdict& verdict,
            std::int64_t microseconds) {
  Step step{entry.module, Outcome::allowed, nullptr, {}, 0, std::exchange(exchange.marks, {})};
  step.microseconds = static_cast<std::uint32_t>(microseconds);
  bool passes = true;
  if (const auto* refused = std::get_if<Deny>(&verdict)) {
    step.reason = refused->reason;
    step.evidence = refused->evidence.text;
    const bool is_tolerated = refused->reason->kind == ErrorClass::unavailable &&
                              entry.options.on_unavailable == OnUnavailable::allow;
    passes = is_tolerated || entry.options.mode == Mode::observe;
    step.outcome = is_tolerated ? Outcome::tolerated
                   : passes     ? Outcome::would_deny
                                : Outcome::denied;
  } else {
    step.evidence = std::get<Allow>(verdict).evidence.text;
  }
  exchange.trail.add(step);
  return passes;
}

}  // namespace sallyport::policy
