#include "gateway/proxy/health_check.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "gateway/base/clock.h"
#include "gateway/proxy/server_pool.h"

namespace sallyport::proxy {

HealthCheck::HealthCheck(const UpstreamContext& context, const Server& server,
                         const HealthRules& rules, std::uint64_t& failures)
    : context_(context),
      server_(server),
      rules_(rules),
      failures_(failures),
      timer_(context.loop, static_cast<event::TimerHandler&>(*this)) {
  request_.method = http::Method::get;
  request_.method_text = "GET";
  request_.target.path = rules_.path;
  const bool is_unix = server.address.ss_family == AF_UNIX;
  request_.authority = !rules_.host.empty() ? std::string_view(rules_.host)
                       : is_unix            ? std::string_view("localhost")
                                            : std::string_view(server.text);
  request_.fields.add(http::OwnField("User-Agent", "sallyport-health"));
}

void HealthCheck::begin() {
  has_ended_ = false;
  stream_ = make_stream(context_, server_);
  timer_.arm(rules_.timeout);
  stream_->connect(*this);
}

void HealthCheck::on_connected() { stream_->send_request(request_, arena_); }

void HealthCheck::on_response_head(http::ResponseHead& head) {
  const bool is_good = std::ranges::find(rules_.expect, head.status) != rules_.expect.end();
  conclude(is_good ? "" : "answered " + std::to_string(head.status));
}

void HealthCheck::on_upstream_failed(const Failure& failure) {
  std::string fault(failure.reason->id);
  if (!failure.rule.empty()) fault.append(": ").append(failure.rule);
  conclude(std::move(fault));
}

// conclude leaves the stream, which may be on the stack below, to the ready list.
void HealthCheck::conclude(std::string fault) {
  if (std::exchange(has_ended_, true)) return;
  last_ = {wall_now().unix_seconds(), std::move(fault)};
  context_.loop.enqueue(*this);
}

void HealthCheck::run() {
  stream_.reset();
  arena_.reset();
  timer_.arm(rules_.interval);
  apply();
}

void HealthCheck::on_timer() {
  if (stream_) {
    return conclude("no answer within " + std::to_string(rules_.timeout.count()) + " ms");
  }
  begin();
}

void HealthCheck::apply() {
  const bool is_good = last_.fault.empty();
  if (!is_good) ++failures_;
  Condition& condition = server_.condition;
  if (condition.healthy.load(std::memory_order_relaxed) == is_good) {
    in_a_row_ = 0;
    return;
  }
  if (++in_a_row_ < (is_good ? rules_.rise : rules_.fall)) return;
  in_a_row_ = 0;
  if (is_good) {
    condition.returned_us.store(context_.loop.mono().us, std::memory_order_relaxed);
    condition.failures.store(0, std::memory_order_relaxed);
  }
  condition.healthy.store(is_good, std::memory_order_relaxed);
}

}  // namespace sallyport::proxy
