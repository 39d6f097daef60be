// Decisions on recent requests, which workers remember.

#include <utility>

#include "gateway/control/gateway.h"
#include "gateway/json/value.h"

namespace sallyport::control {
namespace {

using Found = observe::DecisionRing::Found;

void join(Found& into, Found other) {
  if (other.at > into.at) std::swap(into, other);
  into.count += other.count;
  into.others.push_back(std::move(other.request_id));
  for (std::string& id : other.others) into.others.push_back(std::move(id));
  if (into.others.size() > observe::DecisionRing::kMaxOthers) {
    into.others.resize(observe::DecisionRing::kMaxOthers);
  }
}

std::string text_of(Found found) {
  if (found.count > 1) {
    found.decision.set("requests", found.count).set("others", json::Draft::list(found.others));
  }
  return found.decision.dump();
}

}  // namespace

void Gateway::find_decision(const std::string& id,
                            std::function<void(std::optional<std::string>)> done) {
  // Each worker writes its own place; the last acknowledgement publishes them all.
  auto found = std::make_shared<std::vector<std::optional<Found>>>(seats_.size());
  to_all(
      [this, id, found](unsigned worker) {
        (*found)[worker] = seats_[worker].server->state().ring().find(id);
      },
      [found, done = std::move(done)] {
        std::optional<Found> all;
        for (auto& of_worker : *found) {
          if (!of_worker) continue;
          if (all) {
            join(*all, *std::move(of_worker));
          } else {
            all = std::move(of_worker);
          }
        }
        if (!all) return done(std::nullopt);
        done(text_of(*std::move(all)));
      });
}

}  // namespace sallyport::control
