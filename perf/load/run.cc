#include "perf/load/run.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace sallyport::perf {

Run::Run(event::Loop& loop, const Options& options, std::vector<std::string> requests)
    : loop_(loop),
      options_(options),
      requests_(std::move(requests)),
      ticks_(loop, Milliseconds(1), [this] { tick(); }),
      next_due_(loop, [this] { send_due(); }) {}

void Run::begin(std::function<void()> measured, std::function<void()> ended) {
  measured_ = std::move(measured);
  ended_ = std::move(ended);
  began_ = mono_now();
  if (options_.requests == 0) return;
  is_measuring_ = true;
  measured_();
}

void Run::ask(Client& client) {
  if (is_over_ || (options_.requests > 0 && asked_ == options_.requests)) return;
  ++asked_;
  if (options_.rate == 0) return client.send(mono_now());
  waiting_.push_back({&client, mono_now()});
  if (waiting_.size() == 1) next_due_.set(interval_due(scheduled_));
}

void Run::forget(Client& client) {
  std::erase_if(waiting_, [&](const Waiting& one) { return one.client == &client; });
}

MonoTime Run::interval_due(std::uint64_t number) const {
  return {began_.us + static_cast<std::int64_t>(static_cast<double>(number) * 1e6 / options_.rate)};
}

void Run::tick() {
  const MonoTime now = mono_now();
  const double passed = static_cast<double>(now.us - began_.us) / 1e6;
  if (!is_measuring_ && passed >= options_.warm_up) {
    is_measuring_ = true;
    measured_();
  }
  if (options_.requests == 0 && passed >= options_.warm_up + options_.seconds) end();
}

void Run::send_due() {
  const MonoTime now = mono_now();
  while (!is_over_ && !waiting_.empty() && interval_due(scheduled_) <= now) {
    const Waiting next = waiting_.front();
    waiting_.pop_front();
    const MonoTime due = interval_due(scheduled_++);
    if (is_measuring_) lag_.add(mono_now().us - std::max(due, next.since).us);
    next.client->send(due);
  }
  if (!waiting_.empty()) next_due_.set(interval_due(scheduled_));
}

void Run::end() {
  if (std::exchange(is_over_, true)) return;
  ended_();
}

void Run::done(MonoTime due, int status) {
  ++answered_;
  if (is_measuring_ && !is_over_) {
    ++requests_done_;
    if (status != 200) ++not_ok_;
    latency_.add(mono_now().us - due.us);
  }
  if (options_.requests > 0 && answered_ == options_.requests) end();
}

std::string Run::json(double elapsed) const {
  return fmt::format(
      "{{\"requests\":{},\"seconds\":{:.6f},\"per_second\":{:.1f},\"body_bytes\":{},\"not_ok\":{},"
      "\"errors\":{},\"latency_us\":{{\"p50\":{},\"p90\":{},\"p99\":{},\"p999\":{},\"max\":{}}},"
      "\"lag_us\":{{\"p50\":{},\"p99\":{},\"max\":{}}}}}",
      requests_done_, elapsed, static_cast<double>(requests_done_) / elapsed, body_bytes_, not_ok_,
      errors_, latency_.percentile(50), latency_.percentile(90), latency_.percentile(99),
      latency_.percentile(99.9), latency_.percentile(100), lag_.percentile(50), lag_.percentile(99),
      lag_.percentile(100));
}

}  // namespace sallyport::perf
