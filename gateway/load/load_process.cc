#include <sched.h>

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/event/worker.h"
#include "gateway/load/loader.h"
#include "gateway/load/machine_memory.h"

namespace sallyport::load {
namespace {

// cores returns how many cores this process may use: in a container, or under taskset, not all.
unsigned cores() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
  return static_cast<unsigned>(CPU_COUNT(&allowed));
}

}  // namespace

void Loader::build_process() {
  loaded_.environment = settings_.environment;
  loaded_.start_wait = settings_.timeouts.start_wait;
  loaded_.min_drain = settings_.timeouts.min_drain;
  loaded_.max_drain = settings_.timeouts.max_drain;
  loaded_.certificate_register = settings_.certificate_register;
  loaded_.core_dumps = *settings_.process.core_dumps;
  if (loaded_.core_dumps) {
    findings_.warning(
        settings_.process.core_dumps.node,
        "a core file holds the private keys and tokens of this process: take it out again "
        "when the crash is understood");
  }
  constexpr unsigned kMost = event::Worker::kMaxWorkers;
  const config::Node& node = settings_.workers.node;
  if (node.is_null() || node.scalar == "auto") {
    loaded_.workers = std::clamp(cores(), 1u, kMost);
    return;
  }
  const auto count = parse_decimal<unsigned>(node.scalar);
  if (!count || *count < 1 || *count > kMost) {
    findings_.error(node, "write auto, or a number from 1 to " + std::to_string(kMost));
    return;
  }
  loaded_.workers = *count;
}

void Loader::build_log() {
  loaded_.log = settings_.log;
  generation_.log_one_in = static_cast<std::uint32_t>(settings_.log.sample);
}

void Loader::build_limits() {
  const TimeoutSettings& timeouts = settings_.timeouts;
  generation_.timeouts = {timeouts.handshake,      timeouts.request_head, timeouts.request_body,
                          timeouts.response_write, timeouts.keep_alive,   timeouts.distrusted,
                          timeouts.discard_body};
  const LimitSettings& limits = settings_.limits;
  build_overload_limits();
  generation_.limits.request_body = limits.request_body.bytes;
  generation_.limits.requests_per_connection = limits.requests_per_connection;
  generation_.limits.discard_body = limits.discard_body.bytes;
  generation_.limits.overhead = limits.overhead.bytes;
  generation_.limits.head = {.max_head_bytes = limits.request_head.bytes,
                             .max_start_line = limits.request_line.bytes,
                             .max_fields = static_cast<std::size_t>(limits.request_fields),
                             .max_field_bytes = limits.request_field.bytes};
  const Http2Settings& h2 = limits.http2;
  const auto count = [](int number) { return static_cast<std::uint32_t>(number); };
  generation_.limits.h2 = {
      .head = generation_.limits.head,
      .max_streams = count(h2.streams),
      .stream_window = static_cast<std::uint32_t>(h2.stream_window.bytes),
      .connection_window = static_cast<std::uint32_t>(h2.connection_window.bytes),
      .max_continuations = static_cast<std::size_t>(h2.continuations),
      .overhead = limits.overhead.bytes,
      .per_second = {count(h2.resets), count(h2.pings), count(h2.settings),
                     count(h2.window_updates), count(h2.empty_data), count(h2.priorities)}};
}

void Loader::build_overload_limits() {
  const LimitSettings& settings = settings_.limits;
  server::Limits& limits = generation_.limits;
  limits.connections = static_cast<std::size_t>(settings.connections);
  limits.address = {static_cast<std::uint32_t>(settings.connections_per_address),
                    static_cast<std::uint32_t>(settings.connects_per_address)};
  limits.exempt = read_prefixes(settings.exempt);
  const auto under_way = static_cast<std::size_t>(settings.handshakes);
  limits.handshakes.waiting = std::max<std::size_t>(1, under_way / loaded_.workers);
  const double rate = static_cast<double>(settings.handshakes_per_second) / loaded_.workers;
  // A tenth of a second's worth may begin at once: enough for a client that opens its pool.
  limits.handshakes.begin = TokenRate::per_second(rate, rate / 10);
  limits.min_body_rate = static_cast<std::uint32_t>(settings.min_body_rate);
  limits.min_response_rate = static_cast<std::uint32_t>(settings.min_response_rate);
  loaded_.memory = settings.memory ? settings.memory->bytes : available_memory() / 4 * 3;
}

net::PrefixSet Loader::read_prefixes(const std::vector<config::At<std::string>>& texts) {
  net::PrefixSet::Builder builder;
  for (const auto& text : texts) {
    if (const auto added = builder.add_text(*text); !added) {
      findings_.error(text.node, added.error().text);
    }
  }
  return std::move(builder).build();
}

void Loader::build_admin() {
  if (settings_.admin.socket) {
    loaded_.admin_socket = **settings_.admin.socket;
    if (!loaded_.admin_socket.starts_with('/')) {
      findings_.error(settings_.admin.socket->node, "must be an absolute path");
    }
  }
  for (const auto& host : settings_.admin.hosts) {
    const bool is_name = !host->empty() && std::ranges::all_of(*host, [](char c) {
      return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
    });
    if (!is_name) findings_.error(host.node, "must be a host name or IPv4 address, without port");
    loaded_.admin_hosts.push_back(*host);
  }
  if (!settings_.admin.listen) return;
  const auto address = parse_socket_address(**settings_.admin.listen);
  if (!address) {
    findings_.error(settings_.admin.listen->node, address.error().text);
  } else if (!address->is_loopback) {
    findings_.error(settings_.admin.listen->node,
                    "must be a loopback address: what it tells is not for the public");
  } else {
    loaded_.admin_listen = *address;
  }
}

}  // namespace sallyport::load
