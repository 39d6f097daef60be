#pragma once

// OpaqueIssuer stands for an issuer all of whose tokens are opaque: it has no keys to follow, only
// the counters of the questions that it was asked.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/policy/module.h"
#include "modules/bearer/issuer_keys.h"

namespace sallyport::bearer {

// append_introspection_metrics tells how often the issuer of that name was asked about tokens.
inline void append_introspection_metrics(const IssuerKeys& keys, const std::string& name,
                                         std::vector<policy::Metric>& to) {
  using Counters = IssuerKeys::Counters;
  const auto add = [&](std::string_view metric, std::string_view help,
                       std::atomic<std::uint64_t> Counters::*counter) {
    to.push_back(
        {metric, help, true, "issuer", name, static_cast<double>(keys.total(counter)), {}});
  };
  add("bearer_introspections_total", "Questions to the issuer about opaque tokens.",
      &Counters::introspections);
  add("bearer_introspection_failures_total", "Such questions without a usable answer.",
      &Counters::introspection_failures);
}

class OpaqueIssuer final : public policy::Service {
 public:
  explicit OpaqueIssuer(std::string name) : name_(std::move(name)) {}
  void start(event::Loop&, event::Broadcast&) override {}
  void metrics(std::vector<policy::Metric>& to) const override {
    append_introspection_metrics(*keys_, name_, to);
  }
  // keys has none, ever; it tells the issuer from others, and outlives this object in plans.
  std::shared_ptr<const IssuerKeys> keys() const { return keys_; }

 private:
  const std::string name_;
  const std::shared_ptr<IssuerKeys> keys_ = std::make_shared<IssuerKeys>();
};

}  // namespace sallyport::bearer
