#include "gateway/observe/decision_ring.h"

#include <algorithm>
#include <cstring>

#include "gateway/observe/json_line.h"
#include "gateway/policy/facts.h"
#include "gateway/policy/module.h"

namespace sallyport::observe {
namespace {

// append_checks puts the list of a policy's checks into the object that `to` ends with: those that
// the request needed, or would have.
void append_checks(const policy::Module& module, policy::CheckMarks marks,
                   const policy::Reason* reason, std::string_view evidence, std::string& to) {
  using policy::CheckResult;
  if (module.checks.empty()) return;
  to.pop_back();
  to += ",\"checks\":[";
  const auto results = policy::results_of(module.checks, marks, reason);
  bool is_first = true;
  for (const policy::Check& check : module.checks) {
    const CheckResult result = results[check.place];
    if (result == CheckResult::not_made) continue;
    if (!is_first) to += ',';
    is_first = false;
    JsonLine item(to);
    item.text("check", check.name).text("result", policy::to_string(result));
    if (result == CheckResult::failed) item.text("detail", evidence);
    item.close();
  }
  to += "]}";
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

std::string DecisionRing::render(const Decision& decision) {
  std::string out;
  JsonLine line(out);
  line.timestamp("ts", decision.at.unix_ms)
      .text("request_id", decision.id.view())
      .text("interaction_id", decision.get(decision.interaction_id))
      .text("client_ip", decision.client.text())
      .text("method", decision.get(decision.method))
      .text("host", decision.get(decision.host))
      .text("path", decision.get(decision.path))
      .text("route", decision.get(decision.route))
      .number("status", decision.status)
      .text("stage", decision.get(decision.stage))
      .text("upstream", decision.get(decision.upstream))
      .milliseconds("total_ms", decision.total_us);
  if (decision.reason != nullptr) {
    line.text("reason", decision.reason->id)
        .text("help", decision.reason->help)
        .text("evidence", decision.get(decision.evidence));
  }
  line.close();
  out.pop_back();  // the steps are an array, which JsonLine does not do
  out += ",\"steps\":[";
  for (std::size_t i = 0; i < decision.step_count; ++i) {
    if (i != 0) out += ',';
    render_step(decision, decision.steps[i], out);
  }
  out += "]}";
  return out;
}

void DecisionRing::render_step(const Decision& decision, const KeptStep& step, std::string& to) {
  const std::string_view evidence = decision.get(step.evidence);
  JsonLine item(to);
  item.text("policy", step.module->name)
      .text("outcome", policy::to_string(step.outcome))
      .text("evidence", evidence)
      .number("us", step.microseconds);
  if (step.reason != nullptr) item.text("reason", step.reason->id).text("help", step.reason->help);
  item.close();
  append_checks(*step.module, step.marks, step.reason, evidence, to);
}

}  // namespace sallyport::observe
