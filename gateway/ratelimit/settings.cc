#include "gateway/ratelimit/settings.h"

#include "gateway/config/option.h"

namespace sallyport::ratelimit {

using config::between;
using config::option;
using config::required;

namespace {

constexpr std::uint32_t kMostRequests = 1'000'000;
constexpr std::uint32_t kMostBurst = 10'000'000;
constexpr std::uint32_t kMostConcurrent = 1'000'000;
constexpr Milliseconds kShortest{1};
constexpr Milliseconds kLongest{24 * 3600 * 1000};

}  // namespace

std::span<const config::Option> ClassSettings::options() {
  using S = ClassSettings;
  static const std::array rows{
      option<&S::requests>("requests", "Instead of the limit's `requests`.",
                           between(1u, kMostRequests)),
      option<&S::per>("per", "Instead of the limit's `per`.", between(kShortest, kLongest)),
      option<&S::burst>("burst",
                        "Instead of the limit's `burst`; none: as many as `requests` of "
                        "the class, if it has them.",
                        between(1u, kMostBurst)),
      option<&S::concurrent>("concurrent", "Instead of the limit's `concurrent`.",
                             between(1u, kMostConcurrent)),
  };
  return rows;
}

std::span<const config::Option> LimitSettings::options() {
  using S = LimitSettings;
  static const std::array rows{
      required<&S::by>("by",
                       "What is counted: each different value of these together has a bucket "
                       "of its own. What a request lacks is a value, too.",
                       config::not_empty()),
      option<&S::requests>("requests",
                           "How many requests pass in the time of `per`; none: only "
                           "`concurrent` is limited.",
                           between(1u, kMostRequests)),
      option<&S::per>("per", "The time in which so many `requests` pass.",
                      between(kShortest, kLongest)),
      option<&S::burst>("burst",
                        "How many requests pass at once after a pause; none: as many as "
                        "`requests`.",
                        between(1u, kMostBurst)),
      option<&S::concurrent>("concurrent",
                             "How many requests may be under way at a time, of all "
                             "workers of this gateway together.",
                             between(1u, kMostConcurrent)),
      option<&S::ipv4_prefix>("ipv4_prefix", "Addresses that share so many bits count as one.",
                              between(8, 32)),
      option<&S::ipv6_prefix>("ipv6_prefix",
                              "The same for IPv6, where one customer has a whole "
                              "network.",
                              between(16, 128)),
      option<&S::classes>("classes",
                          "Partners with a limit of their own, by the identity that "
                          "`client_cert` gives."),
  };
  return rows;
}

std::span<const config::Option> SharingSettings::options() {
  using S = SharingSettings;
  static const std::array rows{
      required<&S::redis>("redis", "The Redis (5 or later) that the gateways share."),
      required<&S::hash_key>("hash_key",
                             "A secret that all of them have: keys are stored as hashes "
                             "under it, so that the Redis sees no addresses and no "
                             "names."),
      option<&S::interval>("interval", "Between two exchanges with the Redis.",
                           between(Milliseconds(20), Milliseconds(10'000))),
  };
  return rows;
}

std::span<const config::Option> ModuleSettings::options() {
  using S = ModuleSettings;
  static const std::array rows{
      required<&S::limits>("limits",
                           "The limits, by name. All routes that use a limit share its "
                           "buckets.",
                           config::not_empty()),
      option<&S::keys>("keys",
                       "How many buckets there may be that are not full; rounded up to a "
                       "power of two. Partner classes have a quarter as many of their own.",
                       between(std::size_t{1024}, std::size_t{16'777'216})),
      option<&S::shared>("shared",
                         "Counts rates together with other gateways; none: each for "
                         "itself."),
  };
  return rows;
}

std::span<const config::Option> EntrySettings::options() {
  using S = EntrySettings;
  static const std::array rows{
      required<&S::limits>("limits", "Names of the limits that hold here; all of them do.",
                           config::not_empty()),
  };
  return rows;
}

}  // namespace sallyport::ratelimit
