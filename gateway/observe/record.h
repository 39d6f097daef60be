#pragma once

// RequestRecord is everything that is said about a finished request: the access log and the
// decision ring are made of it and of nothing else.

#include <cstdint>
#include <string_view>

#include "gateway/net/endpoint.h"
#include "gateway/policy/exchange.h"
#include "gateway/policy/reason.h"

namespace sallyport::observe {

struct RequestRecord {
  const policy::Exchange* exchange = nullptr;
  std::string_view route;                  // id; empty when none matched
  std::string_view path;                   // what may be shown: the pattern on OAuth routes
  int status = 0;                          // zero: the client left before an answer
  std::string_view error_code;             // as sent in the body: "602"; empty when forwarded
  const policy::Reason* reason = nullptr;  // of the refusal
  std::string_view stage;  // of the refusal: a module's name, "http", "route", "upstream"
  std::string_view evidence;
  std::string_view upstream;  // name
  std::string_view upstream_address;
  std::int64_t connect_us = -1;  // -1: did not happen
  std::int64_t first_byte_us = -1;
  std::int64_t policy_us = 0;
  std::int64_t total_us = 0;
  std::uint64_t bytes_in = 0;  // of bodies
  std::uint64_t bytes_out = 0;
  bool upstream_reused = false;
  std::string_view upstream_tolerated;  // faults of the answer that were (http::kSlipNames)
  bool client_gone = false;             // left before it had the whole answer
  std::uint64_t generation = 0;
  std::uint32_t one_in = 1;  // this line stands for so many: the others were not written
};

// is_routine returns whether a request was answered as usual: it was not denied, would not have
// been, did not fail, and its client had the whole answer. Only lines of such requests may be left
// out.
bool is_routine(const RequestRecord& record);

// HandshakeRecord is a TLS handshake that failed, or one whose client is not trusted any more.
struct HandshakeRecord {
  std::string_view event = "handshake_failed";
  WallTime at;
  std::string_view listener;
  net::Endpoint client;
  net::Endpoint proxy;      // the balancer that named the client; none: there is none
  std::string_view reason;  // "certificate.unknown_issuer"
  std::string_view detail;
  std::string_view sni;
  std::string_view subject;  // of the presented certificate
  std::string_view issuer;
  std::string_view serial;
  std::uint64_t suppressed = 0;  // lines of connections without a handshake that were not written
};

// ConnectionRecord is a connection that was closed before its handshake.
struct ConnectionRecord {
  WallTime at;
  std::string_view listener;
  net::Endpoint client;
  net::Endpoint proxy;
  std::string_view reason;  // "connection.limit"
  std::string_view detail;
  std::uint64_t suppressed = 0;  // lines like this one that were not written since the last
};

// SurplusRecord is a server that sent more than its answers.
struct SurplusRecord {
  WallTime at;
  std::string_view route;  // of the last request on the connection
  std::string_view upstream;
  std::string_view server;
  std::uint64_t suppressed = 0;  // lines like this one that were not written since the last
};

// append_access_line renders one JSON line, newline included.
void append_access_line(std::string& to, const RequestRecord& record);
void append_handshake_line(std::string& to, const HandshakeRecord& record);
void append_refused_line(std::string& to, const ConnectionRecord& record);
void append_surplus_line(std::string& to, const SurplusRecord& record);
// append_event_line renders an event of control: {"ts":…,"level":…,"event":…,"message":…}.
void append_event_line(std::string& to, WallTime at, std::string_view level, std::string_view event,
                       std::string_view message);

}  // namespace sallyport::observe
