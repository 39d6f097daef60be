#include "modules/rate/rate.h"

#include <array>

#include "gateway/config/option.h"
#include "gateway/ratelimit/load.h"

namespace sallyport::rate {
namespace {

using policy::ErrorClass;
using policy::Reason;

constexpr Reason kExceeded{"rate.exceeded", ErrorClass::rate_limited,
                           "More requests came than the limit of the evidence lets pass. If the "
                           "caller is genuine and needs more, give it a class of its own."};
constexpr Reason kConcurrent{"rate.concurrent", ErrorClass::rate_limited,
                             "As many requests as the limit of the evidence allows are under way "
                             "already. Is the upstream slow?"};
constexpr Reason kTableFull{
    "rate.table_full", ErrorClass::unavailable,
    "More keys are in use than the table has room for, so this one cannot "
    "be counted. Raise `modules.rate.keys`, or see who floods the gateway."};
constexpr std::array<const Reason*, 3> kReasons = {&kExceeded, &kConcurrent, &kTableFull};
constexpr ratelimit::Traits kTraits{
    .module = "rate", .has_token = false, .reasons = {&kExceeded, &kConcurrent, &kTableFull}};

std::shared_ptr<const policy::Plan> load(const config::Node& node, policy::LoadContext& context) {
  return ratelimit::load(kTraits, node, context);
}

}  // namespace

const policy::Module module{
    .name = "rate",
    .summary = "Limits requests by address, certificate, identity and route.",
    .shared_options = ratelimit::ModuleSettings::options(),
    .options = ratelimit::EntrySettings::options(),
    .reasons = kReasons,
    .needs = {},
    .gives = {},
    .load = load,
    .attach = ratelimit::attach,
};

}  // namespace sallyport::rate
