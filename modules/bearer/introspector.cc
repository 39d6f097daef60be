#include "modules/bearer/introspector.h"

#include <utility>

#include "modules/bearer/introspection.h"

namespace sallyport::bearer {
namespace {

std::shared_ptr<tls::ClientContext> context_of(const IntrospectionPlan& plan) {
  if (plan.tls == nullptr) return nullptr;
  auto made = clients::outbound_context(*plan.tls);
  // Without it every question fails, and says so.
  return made ? *std::move(made) : nullptr;
}

}  // namespace

Introspector::Introspector(event::Loop& loop, std::shared_ptr<const IntrospectionPlan> plan)
    : loop_(loop),
      plan_(std::move(plan)),
      fetcher_(loop, context_of(*plan_), clients::Fetcher::Connections::keep) {}

bool Introspector::is_full(std::string_view token) const {
  const auto flight = flights_.find(hash_.hash128(token));
  if (flight == flights_.end()) return flights_.size() >= kMaxFlights;
  return flight->second->waiters.size() >= kMaxWaiters;
}

event::Task<Introspector::Answer> Introspector::ask(std::string_view token, bool& asked) {
  const crypto::Hash128 key = hash_.hash128(token);
  event::Promise<Answer> promise(loop_);
  auto task = promise.task();
  auto& flight = flights_[key];
  asked = flight == nullptr;
  if (flight != nullptr) {
    flight->waiters.push_back(std::move(promise));
    return task;
  }
  flight = std::make_unique<Flight>();
  flight->waiters.push_back(std::move(promise));
  flight->fetching = fetcher_.fetch(
      introspection_request(plan_->settings, plan_->url, token),
      {.timeout = plan_->settings.timeout, .max_body_bytes = kMaxIntrospectionBytes});
  flight->fetching.then(
      [this, key](Result<clients::FetchResponse> response) { land(key, std::move(response)); });
  return task;
}

void Introspector::land(const crypto::Hash128& key, Result<clients::FetchResponse> response) {
  const auto found = flights_.find(key);
  // The fetch's own continuation runs: what it belongs to is destroyed when it has returned.
  const std::unique_ptr<Flight> flight = std::move(found->second);
  flights_.erase(found);
  for (event::Promise<Answer>& waiter : flight->waiters) {
    if (!response) {
      waiter.complete(response.error());
    } else if (response->status != 200) {
      waiter.complete(Error{Fault::dependency, plan_->url.authority() + " answered with status " +
                                                   std::to_string(response->status)});
    } else {
      waiter.complete(std::make_shared<const std::string>(response->body));
    }
  }
}

}  // namespace sallyport::bearer
