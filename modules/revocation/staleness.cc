#include "modules/revocation/staleness.h"
#include "gateway/policy/facts.h"

namespace sallyport::revocation {
namespace {

bool only_reads(const policy::Exchange& exchange) {
  switch (exchange.request.method) {
    case http::Method::get:
    case http::Method::head:
    case http::Method::options:
      return true;
    default:
      return false;
  }
}

std::string_view name_of(StaleOutcome outcome) {
  switch (outcome) {
    case StaleOutcome::allowed:
      return "allowed";
    case StaleOutcome::denied:
      return "denied";
    case StaleOutcome::active:
      return "active";
    case StaleOutcome::inactive:
      return "inactive";
    case StaleOutcome::unanswered:
      return "unanswered";
  }
  return {};
}

}  // namespace

Stance stance_on(const EntrySettings& settings, const policy::Exchange& exchange,
                 std::optional<Milliseconds> age) {
  if (age && *age <= settings.fresh_for) return Stance::fresh;
  // Nobody knows what the disk's copy has missed when it was read: that is too old for `allow`.
  const Stance allow = age && *age <= settings.allow_for ? Stance::allow : Stance::deny;
  switch (settings.on_stale) {
    case OnStale::deny:
      return Stance::deny;
    case OnStale::allow:
      return allow;
    case OnStale::introspect:
      return Stance::ask;
    case OnStale::by_method:
      // Endpoints of OAuth are what is asked without a token.
      return only_reads(exchange) && exchange.facts.token ? allow : Stance::deny;
  }
  return Stance::deny;
}

void StaleService::metrics(std::vector<policy::Metric>& to) const {
  for (std::size_t i = 0; i < kStaleOutcomes; ++i) {
    const auto outcome = static_cast<StaleOutcome>(i);
    to.push_back({"revocation_stale_requests_total",
                  "Requests judged while it was not certain that all revocations are known.", true,
                  "outcome", std::string(name_of(outcome)),
                  static_cast<double>(counts_->total(outcome))});
  }
}

}  // namespace sallyport::revocation
