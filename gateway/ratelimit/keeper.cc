#include "gateway/ratelimit/keeper.h"

namespace sallyport::ratelimit {

LimitKeeper::LimitKeeper(std::string_view module, std::size_t keys, const crypto::SipKey& key)
    : prefix_(std::string(module) + "_"),
      names_{prefix_ + "allowed_total",    prefix_ + "exceeded_total", prefix_ + "concurrent_total",
             prefix_ + "table_full_total", prefix_ + "keys",           prefix_ + "handovers_total"},
      state_(std::make_shared<LimitState>(keys, key)) {}

void LimitKeeper::start(event::Loop& control, event::Broadcast&) { loop_ = &control; }

void LimitKeeper::metrics(std::vector<policy::Metric>& to) const {
  struct Family {
    std::string_view name;
    std::string_view help;
    std::atomic<std::uint64_t> Tally::*count;
  };
  const std::array<Family, 4> families = {{
      {names_.allowed, "Requests that a limit let pass.", &Tally::allowed},
      {names_.exceeded, "Requests refused because the rate was exceeded.", &Tally::exceeded},
      {names_.concurrent, "Requests refused because too many were under way.", &Tally::concurrent},
      {names_.table_full, "Requests refused because the table of keys was full.",
       &Tally::table_full},
  }};
  state_->for_each_tallies([&](const std::string& limit, const Tallies& tallies) {
    for (const Family& family : families) {
      double sum = 0;
      for (const Tally& tally : tallies) {
        sum += static_cast<double>((tally.*family.count).load(std::memory_order_relaxed));
      }
      to.push_back({family.name, family.help, true, "limit", limit, sum});
    }
  });
  const std::int64_t now = loop_ == nullptr ? 0 : loop_->mono().us * 1000;
  std::size_t keys = 0;
  std::uint64_t handovers = 0;
  for (const Tier tier : {Tier::strangers, Tier::partners}) {
    keys += state_->buckets(tier).in_use(now) + state_->counts(tier).in_use(0);
    handovers += state_->buckets(tier).handovers() + state_->counts(tier).handovers();
  }
  to.push_back({names_.keys,
                "Buckets that are not full, and counts that are not zero.",
                false,
                {},
                {},
                static_cast<double>(keys)});
  to.push_back({names_.handovers,
                "Places of idle keys that went to other keys.",
                true,
                {},
                {},
                static_cast<double>(handovers)});
}

}  // namespace sallyport::ratelimit
