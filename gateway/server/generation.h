#pragma once

// Generation is the whole configuration as the workers use it: built and validated by control,
// immutable, posted as one. An exchange keeps the generation that it began with.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/http/h2_limits.h"
#include "gateway/http/head_scan.h"
#include "gateway/http/message.h"
#include "gateway/metrics/metrics.h"
#include "gateway/net/address.h"
#include "gateway/policy/route.h"
#include "gateway/proxy/upstream.h"
#include "gateway/server/connection_tally.h"
#include "gateway/server/error_profile.h"
#include "gateway/server/handshake_queue.h"
#include "gateway/tls/server_context.h"

namespace sallyport::server {

// What these are by default stands in load/settings.h, with the options.
struct Timeouts {
  Milliseconds handshake{};
  Milliseconds request_head{};
  Milliseconds request_body{};
  Milliseconds response_write{};
  Milliseconds keep_alive{};
  Milliseconds distrusted{};
  Milliseconds discard_body{};
};

struct Limits {
  std::size_t connections = 0;  // of all workers
  AddressLimits address;
  net::PrefixSet exempt;  // from the limits of one address
  HandshakeQueue::Limits handshakes;
  std::uint32_t min_body_rate = 0;  // bytes a second; zero: no limit
  std::uint32_t min_response_rate = 0;
  std::uint64_t request_body = 0;
  int requests_per_connection = 0;
  std::uint64_t discard_body = 0;
  std::uint64_t overhead = 0;  // of one connection, see http/overhead.h
  http::HeadLimits head;
  http::H2Limits h2;
};

// ProxyPlan: connections begin with a PROXY header, and only from these peers.
struct ProxyPlan {
  net::PrefixSet from;
  Milliseconds timeout{0};
  bool require_checksum = false;
};

// HopPlan: these proxies name the client of each request in this field, and in no other.
struct HopPlan {
  net::PrefixSet proxies;
  bool is_x_forwarded_for = false;  // X-Forwarded-For; else Forwarded
};

// ListenerPlan is one address to listen on. `address` is its identity over reloads.
struct ListenerPlan {
  std::string name;
  std::string address;  // canonical "ip:port"
  std::shared_ptr<const tls::ServerConfig> tls;
  std::shared_ptr<const ProxyPlan> proxy;  // null: the socket's peer is who connects
  std::shared_ptr<const HopPlan> hops;     // null: no field is believed
};

// RouteSlots are the metrics of one route.
struct RouteSlots {
  metrics::Slot status[6] = {};  // by status class; [0]: the client left before an answer
  metrics::Histogram duration;
  metrics::Histogram policy;
  metrics::Slot surplus = 0;
  std::array<metrics::Slot, http::kSlipNames.size()>
      slips{};  // tolerated, by the bits of http::Slip
};

struct Generation {
  std::uint64_t number = 0;
  std::vector<std::unique_ptr<policy::Route>> routes;
  policy::RouteTable table;
  std::vector<proxy::Upstream> upstreams;
  std::vector<ErrorProfile> error_profiles;
  std::size_t default_error_profile = 0;
  std::vector<ListenerPlan> listeners;
  std::shared_ptr<const tls::TicketKeys> tickets;
  Timeouts timeouts;
  Limits limits;
  std::uint32_t log_one_in =
      1;  // of the requests that were answered as usual, so many have one line
  // hops_of returns whose word counts about requests on that listener; null: nobody's.
  const HopPlan* hops_of(std::string_view listener) const {
    for (const ListenerPlan& plan : listeners) {
      if (plan.name == listener) return plan.hops.get();
    }
    return nullptr;
  }
  std::vector<RouteSlots> slots;  // by route index; the last one is of requests without a route
};

}  // namespace sallyport::server
