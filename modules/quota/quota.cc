#include "modules/quota/quota.h"

#include <array>

#include "gateway/config/option.h"
#include "gateway/ratelimit/load.h"

namespace sallyport::quota {
namespace {

using policy::ErrorClass;
using policy::Reason;

constexpr Reason kExceeded{"quota.exceeded", ErrorClass::rate_limited,
                           "More requests came with tokens of this subject, client or consent than "
                           "the limit of the evidence lets pass."};
constexpr Reason kConcurrent{"quota.concurrent", ErrorClass::rate_limited,
                             "As many requests as the limit of the evidence allows are under way "
                             "already. Is the upstream slow?"};
constexpr Reason kTableFull{"quota.table_full", ErrorClass::unavailable,
                            "More keys are in use than the table has room for, so this one cannot "
                            "be counted. Raise `modules.quota.keys`."};
constexpr std::array<const Reason*, 3> kReasons = {&kExceeded, &kConcurrent, &kTableFull};
constexpr std::array<policy::Fact, 1> kNeeds = {policy::Fact::token};
constexpr ratelimit::Traits kTraits{
    .module = "quota", .has_token = true, .reasons = {&kExceeded, &kConcurrent, &kTableFull}};

std::shared_ptr<const policy::Plan> load(const config::Node& node, policy::LoadContext& context) {
  return ratelimit::load(kTraits, node, context);
}

}  // namespace

const policy::Module module{
    .name = "quota",
    .summary = "Limits requests by what a verified token says: subject, client, consent.",
    .shared_options = ratelimit::ModuleSettings::options(),
    .options = ratelimit::EntrySettings::options(),
    .reasons = kReasons,
    .needs = kNeeds,
    .gives = {},
    .load = load,
    .attach = ratelimit::attach,
};

}  // namespace sallyport::quota
