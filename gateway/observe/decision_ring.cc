#include "gateway/observe/decision_ring.h"

#include <algorithm>
#include <cstring>

#include "gateway/observe/json_line.h"
#include "gateway/policy/facts.h"
#include "gateway/policy/module.h"

namespace sallyport::observe {
namespace {

// checks_of lists a policy's checks: those that the request needed, or would have.
json::Draft checks_of(const policy::Module& module, policy::CheckMarks marks,
                      const policy::Reason* reason, std::string_view evidence) {
  using policy::CheckResult;
  json::Draft checks = json::Draft::array();
  const auto results = policy::results_of(module.checks, marks, reason);
  for (const policy::Check& check : module.checks) {
    const CheckResult result = results[check.place];
    if (result == CheckResult::not_made) continue;
    json::Draft one = json::Draft::object();
    one.set("check", check.name).set("result", policy::to_string(result));
    if (result == CheckResult::failed) one.text("detail", evidence);
    checks.add(std::move(one));
  }
  return checks;
}

}  // namespace

DecisionRing::Piece DecisionRing::Decision::keep(std::string_view piece) {
  constexpr std::size_t kMaxPiece = 256;
  const std::size_t size = std::min({piece.size(), kMaxPiece, text.size() - used});
  if (size == 0) return {};
  std::memcpy(text.data() + used, piece.data(), size);
  const Piece kept{used, static_cast<std::uint16_t>(size)};
  used = static_cast<std::uint16_t>(used + size);
  return kept;
}

void DecisionRing::add(const RequestRecord& record) {
  const policy::Exchange& exchange = *record.exchange;
  Decision& decision = (*decisions_)[next_++ % kDecisions];
  decision.used = 0;
  decision.id = exchange.id;
  decision.at = exchange.arrived;
  decision.status = record.status;
  decision.reason = record.reason;
  decision.total_us = record.total_us;
  decision.interaction_id = decision.keep(exchange.interaction_id);
  decision.route = decision.keep(record.route);
  decision.method = decision.keep(exchange.request.method_text);
  decision.client = exchange.facts.client_address;
  decision.host = decision.keep(exchange.request.host);
  decision.path = decision.keep(record.path);
  decision.stage = decision.keep(record.stage);
  decision.evidence = decision.keep(record.evidence);
  decision.upstream = decision.keep(record.upstream);
  decision.step_count = 0;
  for (const policy::Step& step : exchange.trail.steps()) {
    decision.steps[decision.step_count++] = {
        step.module, step.reason, step.microseconds, step.marks, decision.keep(step.evidence),
        step.outcome};
  }
  bring_closer((*decisions_)[next_ % kDecisions], decision);
}

// bring_closer has the memory of the next decision fetched, as much as the last one took: it was
// written a ring ago, and waiting for it was a hundredth of a request.
void DecisionRing::bring_closer(const Decision& next, const Decision& last) {
  constexpr std::size_t kCacheLine = 64;
  const auto fetch = [](const void* from, const void* to) {
    for (auto at = static_cast<const char*>(from); at < to; at += kCacheLine) {
      __builtin_prefetch(at, 1);
    }
  };
  fetch(&next, &next.steps[0] + last.step_count);
  fetch(next.text.data(), next.text.data() + last.used);
}

std::optional<DecisionRing::Found> DecisionRing::find(std::string_view id) const {
  const std::uint64_t oldest = next_ > kDecisions ? next_ - kDecisions : 0;
  std::optional<Found> found;
  for (std::uint64_t i = next_; i-- > oldest;) {
    const Decision& decision = (*decisions_)[i % kDecisions];
    if (decision.id.view() != id && decision.get(decision.interaction_id) != id) continue;
    if (!found) {
      found = Found{render(decision), decision.at.unix_ms, std::string(decision.id.view()), {}, 0};
    } else if (found->others.size() < kMaxOthers) {
      found->others.emplace_back(decision.id.view());
    }
    ++found->count;
  }
  return found;
}

json::Draft DecisionRing::render(const Decision& decision) {
  json::Draft out = json::Draft::object();
  out.set("ts", timestamp_text(decision.at.unix_ms))
      .text("request_id", decision.id.view())
      .text("interaction_id", decision.get(decision.interaction_id))
      .text("client_ip", decision.client.text())
      .text("method", decision.get(decision.method))
      .text("host", decision.get(decision.host))
      .text("path", decision.get(decision.path))
      .text("route", decision.get(decision.route))
      .set("status", decision.status)
      .text("stage", decision.get(decision.stage))
      .text("upstream", decision.get(decision.upstream))
      .set("total_ms", static_cast<double>(decision.total_us) / 1000);
  if (decision.reason != nullptr) {
    out.text("reason", decision.reason->id)
        .text("help", decision.reason->help)
        .text("evidence", decision.get(decision.evidence));
  }
  json::Draft steps = json::Draft::array();
  for (std::size_t i = 0; i < decision.step_count; ++i) {
    steps.add(render_step(decision, decision.steps[i]));
  }
  return std::move(out).set("steps", std::move(steps));
}

json::Draft DecisionRing::render_step(const Decision& decision, const KeptStep& step) {
  const std::string_view evidence = decision.get(step.evidence);
  json::Draft out = json::Draft::object();
  out.text("policy", step.module->name)
      .text("outcome", policy::to_string(step.outcome))
      .text("evidence", evidence)
      .set("us", step.microseconds);
  if (step.reason != nullptr) out.text("reason", step.reason->id).text("help", step.reason->help);
  if (!step.module->checks.empty()) {
    out.set("checks", checks_of(*step.module, step.marks, step.reason, evidence));
  }
  return out;
}

}  // namespace sallyport::observe
