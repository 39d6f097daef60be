#include "gateway/server/session.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"
#include "gateway/http/field_names.h"
#include "gateway/http/field_set.h"
#include "gateway/net/forwarded.h"
#include "gateway/policy/reasons.h"
#include "gateway/server/violation_reasons.h"

namespace sallyport::server {

namespace reasons = policy::reasons;

Session::Session(WorkerState& worker, const policy::ConnectionFacts& connection,
                 policy::Facts facts, http::Stream& stream, SessionOwner& owner)
    : worker_(worker),
      stream_(stream),
      owner_(owner),
      attached_(worker.attached()),
      facts_(std::move(facts)),
      exchange_(arena_, connection, facts_, worker.index()),
      held_(stream, arena_, static_cast<HeldAnswerListener&>(*this)) {
  exchange_.id = worker.next_id();
  // Until the client has named the interaction: what is refused unparsed needs a name, too.
  exchange_.interaction_id = exchange_.id.view();
  exchange_.clock = &worker.loop();
  exchange_.arrived = exchange_.now = worker.loop().wall();
  exchange_.started = worker.loop().mono();
}

Session::~Session() {
  record();
  answer_inspection_.reset();
  forward_.reset();
  inspection_.reset();
}

void Session::begin(http::RequestHead head) {
  exchange_.request = std::move(head);
  establish_interaction_id();
  if (!establish_client()) return;
  // On every route, whatever its policies: what only a gateway may say, no client has said.
  exchange_.request.fields.remove_if(
      [](const http::Field& field) { return http::is_trust(field.name); });
  exchange_.request.fields.end_received();
  step_ = Step::inspect;
  worker_.loop().enqueue(*this);
}

// The client's id is echoed when it is a UUID, as FDX and FAPI want it; anything else is replaced,
// since it goes into logs and upstream.
void Session::establish_interaction_id() {
  constexpr std::string_view kName = "x-fapi-interaction-id";
  const http::Field* given = exchange_.request.fields.find(kName);
  const bool usable = given != nullptr && exchange_.request.fields.count(kName) == 1 &&
                      Uuid::is_valid(given->value);
  exchange_.interaction_id = usable ? given->value : exchange_.id.view();
}

// The client is who the connection says, unless that is a proxy whose word about requests counts.
// Whoever cannot be named cannot be judged: such a request is refused.
bool Session::establish_client() {
  if (worker_.process().pressure.load(std::memory_order_relaxed) == Pressure::hard) {
    refuse(reasons::kOverloaded, "gateway");
    return false;
  }
  if (worker_.process().log_is_lost.load(std::memory_order_relaxed)) {
    refuse(reasons::kLogLost, "gateway");
    return false;
  }
  const policy::ConnectionFacts& connection = exchange_.connection;
  const HopPlan* hops = attached_->generation->hops_of(connection.listener);
  if (hops == nullptr || !hops->proxies.contains(connection.peer)) return true;
  net::ForwardedList list;
  for (const http::Field& field : exchange_.request.fields) {
    if (hops->is_x_forwarded_for) {
      if (equals_ignoring_case(field.name, "x-forwarded-for"))
        list.add_x_forwarded_for(field.value);
    } else if (equals_ignoring_case(field.name, "forwarded")) {
      list.add_forwarded(field.value);
    }
  }
  const auto client = list.client({connection.peer, connection.peer_port}, hops->proxies);
  if (const auto* violation = std::get_if<net::ForwardedViolation>(&client)) {
    refuse(reasons::kBadForwarded, "client",
           policy::evidence(exchange_, "rule={} proxy={}", to_string(*violation),
                            connection.peer.text()));
    return false;
  }
  exchange_.facts.client_address = std::get<net::Endpoint>(client).address;
  exchange_.facts.client_port = std::get<net::Endpoint>(client).port;
  return true;
}

void Session::run() {
  switch (step_) {
    case Step::inspect:
      return route_request();
    case Step::gather:
      return;
    case Step::judge:
      return begin_inspection();
    case Step::forward:
      return begin_forward();
    case Step::answer:
      return judge_answer();
    case Step::release:
      return release_answer();
    case Step::end:
      record();
      return owner_.on_session_end();
  }
}

void Session::route_request() {
  const http::RequestHead& request = exchange_.request;
  const auto match =
      attached_->generation->table.find(request.host, request.target.path, request.method_text);
  // Such a target is at fault, unless its route takes it: without one as well.
  const policy::Route* route_of_path = policy::route_of(match);
  if (request.target.has_lax_query &&
      (route_of_path == nullptr || !route_of_path->takes_query(request.target))) {
    exchange_.route = route_of_path;
    return refuse_violation(http::Violation::target_illegal_character);
  }
  if (!owner_.serves(request.host)) return refuse(reasons::kMisdirected, "route");
  if (const auto* mismatch = std::get_if<policy::MethodMismatch>(&match)) {
    exchange_.route = mismatch->route;
    return refuse(reasons::kMethodNotAllowed, "route", {},
                  policy::AllowedMethods{mismatch->route->allowed_methods});
  }
  if (const auto* ambiguous = std::get_if<policy::AmbiguousPath>(&match)) {
    exchange_.route = ambiguous->route;
    return refuse(reasons::kAmbiguousPath, "route");
  }
  if (std::holds_alternative<policy::NoRoute>(match)) return refuse(reasons::kNoRoute, "route");
  exchange_.route = route_of_path;
  if (request.body.framing == http::Framing::length &&
      request.body.length > attached_->generation->limits.request_body) {
    return refuse(reasons::kBodyTooLarge, "http");
  }
  if (!request.body.has_body() || exchange_.route->takes_content(request)) return judge_content();
  // RFC 9110 section 10.1.1: an expectation announces content, as a length does.
  if (request.body.framing == http::Framing::length) return refuse_content("length");
  if (request.expects_continue) return refuse_content("expectation");
  // Whether there is any, its first octet or its end will tell.
  must_be_empty_ = true;
  await_content(0);
}

void Session::begin_inspection() {
  exchange_.body = gathered_;
  inspection_.emplace(
      worker_.loop(), *chain(), exchange_,
      [this](policy::Inspection::Ending outcome) { on_inspected(std::move(outcome)); });
  inspection_->start();
}

void Session::on_inspected(policy::Inspection::Ending outcome) {
  policy_us_ = mono_now().us - exchange_.started.us;
  if (const auto* denied = std::get_if<policy::Deny>(&outcome)) {
    const auto steps = exchange_.trail.steps();
    return refuse(*denied->reason, steps.empty() ? "policy" : steps.back().module->name,
                  denied->evidence, denied->hint);
  }
  permit_ = std::move(std::get<policy::Permit>(outcome));
  // An inspection that waited ends on a promise's stack; forwarding starts on an empty one.
  step_ = Step::forward;
  worker_.loop().enqueue(*this);
}

void Session::begin_forward() {
  proxy::UpstreamPool& pool = *attached_->pools[exchange_.route->upstream_index];
  forward_.emplace(worker_.loop(), pool, exchange_, std::move(*permit_), held_,
                   static_cast<proxy::ForwardListener&>(*this));
  permit_.reset();
  if (gathered_whole_) forward_->hold(gathered_, gathered_trailers_);
  withhold(exchange_.request.fields);
  forward_->start();
}

// withhold leaves of a client's fields those that the route lets through. Policies have seen them
// all.
void Session::withhold(http::Fields& fields) const {
  if (exchange_.route == nullptr || !exchange_.route->request_fields) return;
  fields.remove_received_if([&only = *exchange_.route->request_fields](const http::Field& field) {
    return !only.contains(field.name);
  });
}

void Session::on_writable() {
  if (forward_ && step_ != Step::end) forward_->on_client_writable();
}

void Session::on_forward_slips(std::uint8_t slips) {
  slips_ |= slips;
  const RouteSlots& slots = attached_->generation->slots[exchange_.route->index];
  for (std::size_t bit = 0; bit < slots.slips.size(); ++bit) {
    if ((slips >> bit & 1) != 0) worker_.bank().add(slots.slips[bit]);
  }
}

std::string_view Session::slip_names() {
  std::string names;
  for (std::size_t bit = 0; bit < http::kSlipNames.size(); ++bit) {
    if ((slips_ >> bit & 1) == 0) continue;
    names.append(names.empty() ? "" : " ").append(http::kSlipNames[bit]);
  }
  return arena_.copy(names);
}

void Session::on_forward_head(http::ResponseHead& head) {
  if (head.slips != 0) on_forward_slips(head.slips);
  policy::Inspection::on_response(*chain(), exchange_, head);
  if (exchange_.answer_refused != nullptr) {
    policy::Inspection::note_refused_answer(*chain(), exchange_);
    return refuse(*exchange_.answer_refused, "upstream");
  }
  status_ = head.status;
  if (const auto limit = policy::AnswerInspection::limit(*chain(), exchange_, head)) {
    return held_.hold(limit);
  }
  answered_ = true;
}

// The upstream's connection is on the stack below.
void Session::on_answer_held() {
  step_ = Step::answer;
  worker_.loop().enqueue(*this);
}

void Session::judge_answer() {
  answer_inspection_.emplace(worker_.loop(), *chain(), exchange_,
                             policy::Answer{held_.head(), held_.body(), held_.is_whole()},
                             [this](std::optional<policy::Deny> denied) {
                               if (step_ == Step::end) return;
                               if (denied) {
                                 return refuse(*denied->reason,
                                               exchange_.trail.steps().back().module->name,
                                               denied->evidence, denied->hint);
                               }
                               step_ = Step::release;
                               worker_.loop().enqueue(*this);
                             });
  answer_inspection_->start();
}

void Session::release_answer() {
  answered_ = true;
  held_.release();
  if (forward_ended_) return end_soon();
  forward_->on_client_writable();
}

void Session::on_forward_end() {
  forward_ended_ = true;
  if (!held_.is_holding()) end_soon();
}

void Session::on_forward_failed(const policy::Reason& reason, policy::Evidence evidence,
                                bool head_sent) {
  // What is held has not been sent.
  if (!head_sent || !answered_) return refuse(reason, "upstream", evidence);
  reason_ = &reason;
  stage_ = "upstream";
  evidence_ = evidence.text;
  stream_.abort();
  end_soon();
}

void Session::refuse_violation(http::Violation violation) { refuse(reason_of(violation), "http"); }

void Session::refuse(const policy::Reason& reason, std::string_view stage,
                     policy::Evidence evidence, policy::Hint hint) {
  if (step_ == Step::end) return;
  // What the exchange waited for is of no use any more; it may be on the stack, so it is silenced
  // here and destroyed with the session.
  if (forward_) forward_->stop();
  reason_ = &reason;
  stage_ = stage;
  evidence_ = evidence.text;
  if (answered_) {
    stream_.abort();
  } else {
    send_refusal(reason.kind, hint);
  }
  end_soon();
}

void Session::send_refusal(policy::ErrorClass kind, const policy::Hint& hint) {
  ErrorReply reply = make_error_reply(exchange_, error_profile(), kind, hint);
  if (policy::AttachedChain* policies = chain()) {
    policy::Inspection::on_response(*policies, exchange_, reply.head);
  }
  answered_ = true;
  status_ = reply.head.status;
  error_code_ = reply.code;
  stream_.send_head(reply.head);
  if (exchange_.request.method != http::Method::head) {
    error_bytes_ = reply.body.size();
    stream_.send_body(reply.body);
  }
  stream_.send_end({});
}

void Session::end_soon() {
  step_ = Step::end;
  worker_.loop().enqueue(*this);
}

void Session::client_gone() {
  client_gone_ = true;
  cancel_run();
  record();
  answer_inspection_.reset();
  forward_.reset();
  inspection_.reset();
}

void Session::abandon(const policy::Reason& reason) {
  if (!recorded_) {
    reason_ = &reason;
    stage_ = "http";
  } else {
    // The line is written already: the whole answer was handed over when the client fell behind.
    worker_.count_denial(exchange_.route != nullptr ? exchange_.route->id : "none", "http",
                         reason.id, true);
  }
  client_gone();
}

policy::AttachedChain* Session::chain() {
  return exchange_.route != nullptr ? &attached_->chains[exchange_.route->index] : nullptr;
}

const ErrorProfile& Session::error_profile() const {
  const Generation& generation = *attached_->generation;
  return generation.error_profiles[exchange_.route != nullptr ? exchange_.route->error_profile_index
                                                              : generation.default_error_profile];
}

void Session::record() {
  if (std::exchange(recorded_, true)) return;
  observe::RequestRecord record;
  record.exchange = &exchange_;
  record.path = exchange_.request.target.path;
  if (exchange_.route != nullptr) {
    record.route = exchange_.route->id;
    if (!exchange_.route->log_path) record.path = exchange_.route->paths.front();
  }
  record.status = status_;
  record.error_code = error_code_;
  record.reason = reason_;
  record.stage = stage_;
  record.evidence = evidence_;
  record.policy_us = policy_us_;
  record.total_us = mono_now().us - exchange_.started.us;
  record.bytes_in = bytes_in_;
  record.bytes_out = error_bytes_;
  record.client_gone = client_gone_;
  record.generation = attached_->generation->number;
  if (forward_) {
    record.upstream = attached_->generation->upstreams[exchange_.route->upstream_index].name;
    record.upstream_address = forward_->server();
    record.connect_us = forward_->times().connected_us;
    record.first_byte_us = forward_->times().first_byte_us;
    record.upstream_reused = forward_->reused();
    if (slips_ != 0) record.upstream_tolerated = slip_names();
    record.bytes_out += forward_->bytes_out();
  }
  write_line(record);
  worker_.ring().add(record);
  count(record);
}

void Session::write_line(observe::RequestRecord& record) {
  observe::LogQueue& log = worker_.log();
  const std::uint32_t one_in = attached_->generation->log_one_in;
  if (one_in > 1 && observe::is_routine(record)) {
    if (!log.is_sampled(one_in)) return;
    record.one_in = one_in;
  }
  if (std::string* line = log.line()) observe::append_access_line(*line, record);
}

void Session::count(const observe::RequestRecord& record) {
  const auto& slots = attached_->generation->slots;
  const RouteSlots& route =
      exchange_.route != nullptr ? slots[exchange_.route->index] : slots.back();
  metrics::Bank& bank = worker_.bank();
  bank.add(route.status[std::clamp(record.status / 100, 0, 5)]);
  route.duration.observe(bank, record.total_us);
  route.policy.observe(bank, record.policy_us);
  const std::string_view route_id = record.route.empty() ? "none" : record.route;
  if (reason_ != nullptr) worker_.count_denial(route_id, stage_, reason_->id, true);
  for (const policy::Step& step : exchange_.trail.steps()) {
    if (step.outcome != policy::Outcome::would_deny) continue;
    worker_.count_denial(route_id, step.module->name, step.reason->id, false);
  }
}

}  // namespace sallyport::server
