#pragma once

// Upstream is a protected API as the configuration describes it: how its servers are reached, how
// long each phase may take, and how much may be under way. All counts are of one worker.

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/http/head_scan.h"
#include "gateway/metrics/metrics.h"
#include "gateway/proxy/ejection.h"
#include "gateway/proxy/server_feed.h"
#include "gateway/tls/client_context.h"

namespace sallyport::proxy {

// Protocol is what is spoken with the servers: under TLS it is settled by ALPN and must be this
// one, or is whichever the server chose; in plain text it is known beforehand.
enum class Protocol : std::uint8_t { http1, h2, negotiated };
// option_names is how configuration spells them.
constexpr auto option_names(Protocol) {
  return std::array{std::pair<std::string_view, Protocol>{"http1", Protocol::http1},
                    std::pair<std::string_view, Protocol>{"h2", Protocol::h2},
                    std::pair<std::string_view, Protocol>{"auto", Protocol::negotiated}};
}

// UpstreamTls is how connections to an upstream are secured.
struct UpstreamTls {
  tls::ClientConfig config;
  // SHA-256 of SubjectPublicKeyInfo (RFC 7469 section 2.4): when there are any, the server's
  // certificate must have one of these keys, besides passing the trust store.
  std::vector<std::array<std::uint8_t, 32>> pins;
};

// UpstreamSlots are the metrics of one upstream.
struct UpstreamSlots {
  metrics::Slot requests[6] = {};  // by the answer's status class; [0]: there was none
  metrics::Slot connects = 0;
  metrics::Slot connect_failures = 0;
  metrics::Slot reused = 0;
  metrics::Slot retries = 0;
  metrics::Slot ejections = 0;
  metrics::Slot busy = 0;
  metrics::Slot idle = 0;
  metrics::Slot waiting = 0;

  static UpstreamSlots make(metrics::Registry& registry, std::string_view upstream);
};

// What times and limits are by default stands in load/settings_upstream.h, with the options.
struct Upstream {
  std::string name;
  std::shared_ptr<ServerFeed> feed;        // its servers
  std::string host;                        // what the Host field says; empty: the client's
  std::shared_ptr<const UpstreamTls> tls;  // null: plain text
  Protocol protocol = Protocol::http1;     // negotiated: only with `tls`
  // The servers take all content that they are sent, and send none where there is none: only then
  // is a connection of HTTP/1.1 kept where octets could be left over on it
  // (docs/request-content.md).
  bool reuse_after_content = false;

  Milliseconds connect_timeout{};
  Milliseconds handshake_timeout{};  // of TLS, and of HTTP/2
  Milliseconds response_timeout{};   // from the whole request to the answer's head
  Milliseconds idle_timeout{};       // between two pieces of a body, either way
  Milliseconds keep_alive{};         // how long an unused connection is kept
  Milliseconds queue_timeout{};      // how long a request waits for a connection
  Milliseconds slow_start{};

  std::size_t max_connections = 0;  // in use: as many as requests are under way
  std::size_t max_idle = 0;
  std::size_t max_pending = 0;   // requests that wait for a connection
  http::HeadLimits head_limits;  // of an answer
  unsigned retries = 0;          // of one request
  unsigned retry_budget = 0;     // percent of the requests
  EjectionRules ejection;
  UpstreamSlots slots;
};

}  // namespace sallyport::proxy
