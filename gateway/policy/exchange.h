#pragma once

// Exchange is one request and its answer as the policies see it.

#include <cstdint>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "gateway/base/arena.h"
#include "gateway/base/clock.h"
#include "gateway/base/ids.h"
#include "gateway/event/loop.h"
#include "gateway/http/message.h"
#include "gateway/net/endpoint.h"
#include "gateway/policy/checks.h"
#include "gateway/policy/explanation.h"
#include "gateway/policy/notes.h"
#include "gateway/policy/trail.h"
#include "gateway/policy/verdict.h"

namespace sallyport::policy {

struct Facts;
struct Route;

// ConnectionFacts is what the connection knows of itself; it outlives the exchange.
struct ConnectionFacts {
  std::string_view listener;  // its name in the configuration
  // Who connects: of the socket, or of the PROXY header of a balancer that may say so.
  net::Address peer;
  std::uint16_t peer_port = 0;
  net::Endpoint proxy_peer;  // that balancer; none: the socket is the peer's own
  net::Address local;
  std::uint16_t local_port = 0;
  std::string_view tls_version;  // "TLSv1.3"; empty on a connection without TLS
  std::string_view tls_cipher;
  std::string_view tls_group;
  std::string_view sni;  // lower case; empty when none was sent
  bool tls_resumed = false;
  std::string_view http_version = "1.1";  // what the connection speaks: "1.1" or "2"
};

struct Exchange {
  // `established` begins with what the connection knows of its client (facts.h).
  Exchange(Arena& memory, const ConnectionFacts& on, Facts& established, unsigned worker_index)
      : arena(memory), connection(on), worker(worker_index), facts(established) {}

  Arena& arena;
  const ConnectionFacts& connection;
  const unsigned worker;
  Facts& facts;  // what the policies have established

  Uuid id;           // ours, one per request: what `sallyport why` takes
  WallTime arrived;  // when the head was complete
  // Policies judge by this: it is the time of judging, brought up to date whenever a policy is
  // asked and whenever what it waited for has come (refresh_now).
  WallTime now;
  const event::Loop* clock = nullptr;  // whose time `now` follows; null: it stands, in tests
  MonoTime started;
  http::RequestHead request;  // modules may edit its fields: they are what is forwarded
  const Route* route = nullptr;
  std::string_view body;  // what body_limit asked for, whole; else empty
  Notes notes;
  Trail trail;
  CheckMarks marks;  // of the policy that judges just now; settle takes them into the trail
  // The interaction id that the answer must carry (x-fapi-interaction-id); empty for none.
  std::string_view interaction_id;
  // Set by on_response: the upstream's answer is not passed on, and the client gets this refusal.
  const Reason* answer_refused = nullptr;
  Explanation* explanation = nullptr;  // set when an operator asks and no client waits
};

// passed notes that the policy has made a check and that it is good. `which` is the module's
// enumerator for it (check in checks.h).
template <class Which>
void passed(Exchange& exchange, Which which) {
  exchange.marks.passed |= CheckMarks::bit(which);
  if (exchange.explanation == nullptr) return;
  exchange.explanation->add(static_cast<std::size_t>(which), true, "");
}

// The same with a text for an operator who asks; it is only made when there is one.
template <class Which, class... Args>
void passed(Exchange& exchange, Which which, fmt::format_string<Args...> format, Args&&... args) {
  exchange.marks.passed |= CheckMarks::bit(which);
  if (exchange.explanation == nullptr) return;
  exchange.explanation->add(static_cast<std::size_t>(which), true,
                            fmt::format(format, std::forward<Args>(args)...));
}

// must_pass notes that this request must pass checks that not every request needs.
template <class... Which>
void must_pass(Exchange& exchange, Which... which) {
  exchange.marks.must_pass |= static_cast<std::uint16_t>((CheckMarks::bit(which) | ...));
}

// evidence renders into the exchange's arena; longer text is cut. Never pass it a secret: tokens,
// codes and passwords have no place in evidence, only identifiers and times do.
template <class... Args>
Evidence evidence(Exchange& exchange, fmt::format_string<Args...> format, Args&&... args) {
  constexpr std::size_t kMaxEvidence = 256;
  char* to = static_cast<char*>(exchange.arena.allocate(kMaxEvidence, 1));
  const auto end = fmt::format_to_n(to, kMaxEvidence, format, std::forward<Args>(args)...);
  return {std::string_view(to, std::min(kMaxEvidence, end.size))};
}

}  // namespace sallyport::policy
