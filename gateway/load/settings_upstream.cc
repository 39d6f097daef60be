#include "gateway/load/settings_upstream.h"

#include <array>

namespace sallyport::load {

using config::between;
using config::option;
using config::required;

namespace {

constexpr Milliseconds kLongest{600'000};

}  // namespace

std::span<const config::Option> ServerSettings::options() {
  using S = ServerSettings;
  static const std::array rows{
      required<&S::address>("address", "`host:port` or `unix:/path`.", config::not_empty()),
      option<&S::weight>("weight", "Its share of the requests, against the other servers'.",
                         between(1, 1000)),
  };
  return rows;
}

std::span<const config::Option> UpstreamTlsSettings::options() {
  using S = UpstreamTlsSettings;
  static const std::array rows{
      option<&S::ca_file>("ca_file",
                          "PEM bundle of the authorities that vouch for the servers; "
                          "without it the system's."),
      option<&S::server_name>("server_name",
                              "What a server's certificate must be for, and the SNI; "
                              "without it the host of the server's address."),
      option<&S::certificate>("certificate",
                              "PEM file: the gateway's own certificate, for servers "
                              "that ask for one. Needs `key`."),
      option<&S::key>("key", "PEM file with the certificate's private key."),
      option<&S::pins>("pins",
                       "`sha256/` and the base64 of the SHA-256 of a SubjectPublicKeyInfo: "
                       "the server's certificate must have one of these keys as well."),
      option<&S::min_version>("min_version", "The oldest TLS version: `\"1.2\"` or `\"1.3\"`.",
                              config::one_of({"1.2", "1.3"})),
      option<&S::handshake_timeout>("handshake_timeout", "For the handshake.",
                                    between(Milliseconds(1), kLongest)),
      option<&S::insecure_skip_verify>("insecure_skip_verify",
                                       "Believe any server. Refused in production."),
  };
  return rows;
}

std::span<const config::Option> HealthSettings::options() {
  using S = HealthSettings;
  static const std::array rows{
      required<&S::path>("path", "What is asked for with GET, such as `/healthz`."),
      option<&S::host>("host",
                       "What the Host field says; empty: `host` of the upstream, or the "
                       "server's address."),
      option<&S::interval>("interval", "Between the end of a check and the next one.",
                           between(Milliseconds(50), kLongest)),
      option<&S::timeout>("timeout", "For the whole check.", between(Milliseconds(10), kLongest)),
      option<&S::expect>("expect", "Statuses of a server that is well.", config::not_empty(),
                         between(200, 599)),
      option<&S::rise>("rise", "Good checks in a row until a server that is down is up.",
                       between(1, 100)),
      option<&S::fall>("fall", "Bad checks in a row until a server that is up is down.",
                       between(1, 100)),
  };
  return rows;
}

std::span<const config::Option> AnswerLimitSettings::options() {
  using S = AnswerLimitSettings;
  static const std::array rows{
      option<&S::response_head>(
          "response_head",
          "Bytes of an answer's head; in HTTP/2 a field counts 32 more than its "
          "own (RFC 9113 section 6.5.2).",
          between(config::Size{1024}, config::Size{256 * 1024})),
      option<&S::status_line>("status_line", "Bytes of a status line; HTTP/2 has none.",
                              between(config::Size{64}, config::Size{64 * 1024})),
      option<&S::response_field>("response_field", "Bytes of one field.",
                                 between(config::Size{256}, config::Size{128 * 1024})),
      option<&S::response_fields>("response_fields", "Fields of an answer.", between(8, 1000)),
  };
  return rows;
}

std::span<const config::Option> UpstreamSettings::options() {
  using S = UpstreamSettings;
  const auto wait = between(Milliseconds(1), kLongest);
  static const std::array rows{
      required<&S::servers>("servers",
                            "`host:port`, `unix:/path`, or a mapping with a weight. A request goes "
                            "to the server with the fewest under way for its weight.",
                            config::not_empty()),
      option<&S::host>("host", "What the Host field says; empty: what the client said."),
      option<&S::tls>("tls", "TLS to the servers; without it plain text."),
      option<&S::protocol>("protocol",
                           "What the servers speak: HTTP/1.1 or HTTP/2. With `tls` it is "
                           "settled by ALPN, and a server that wants another is refused; `auto` "
                           "takes what each server chooses, and without `tls` means HTTP/1.1."),
      option<&S::reuse_after_content>(
          "reuse_after_content",
          "`true`: the servers read all content of PATCH, POST and PUT before they answer, "
          "whatever "
          "they answer, and send none where there is none. Otherwise a connection of HTTP/1.1 that "
          "carried content, or HEAD, is closed after the answer; docs/request-content.md says how "
          "to "
          "find out, and what it costs."),
      option<&S::resolve_every>("resolve_every", "How often names of servers are looked up again.",
                                between(Milliseconds(100), Milliseconds(86'400'000))),
      option<&S::connect_timeout>("connect_timeout", "For a connection to be made.", wait),
      option<&S::response_timeout>("response_timeout",
                                   "From the whole request to the head of the answer.", wait),
      option<&S::idle_timeout>("idle_timeout", "Between two pieces of a body.", wait),
      option<&S::keep_alive>("keep_alive", "How long an unused connection is kept.", wait),
      option<&S::max_connections>(
          "max_connections",
          "Requests of one worker under way at a time, whichever the protocol: HTTP/1.1 needs a "
          "connection for each, HTTP/2 shares them.",
          between(1, 100'000)),
      option<&S::max_idle>("max_idle", "Unused connections that one worker keeps.",
                           between(0, 100'000)),
      option<&S::max_pending>(
          "max_pending", "Requests of one worker that wait when `max_connections` are under way.",
          between(0, 100'000)),
      option<&S::queue_timeout>("queue_timeout", "How long such a request waits.", wait),
      option<&S::retries>("retries", "Second attempts of one request, where it is safe.",
                          between(0, 10)),
      option<&S::retry_budget>("retry_budget",
                               "Second attempts, in percent of the requests of one worker.",
                               between(0, 100)),
      option<&S::limits>("limits",
                         "Of heads of answers: a server that passes one has its answer replaced by "
                         "502, and the log names the limit."),
      option<&S::health>("health",
                         "Health checks, by the whole process; without it none are made."),
      option<&S::eject_after>("eject_after",
                              "Failed requests in a row, of all workers, after which a server gets "
                              "none for a while: no connection, no answer, or 502, 503 or 504. "
                              "`0`: never.",
                              between(0, 10'000)),
      option<&S::eject_for>("eject_for",
                            "How long, at first; up to ten times as long when it "
                            "happens again and again.",
                            between(Milliseconds(10), kLongest)),
      option<&S::max_ejected>("max_ejected",
                              "Percent of the servers that may be ejected, rounded down: the only "
                              "server never is.",
                              between(0, 100)),
      option<&S::slow_start>("slow_start",
                             "How long the share of a server grows that is new or has returned.",
                             between(Milliseconds(0), kLongest)),
  };
  return rows;
}

std::span<const config::Option> ResolverSettings::options() {
  using S = ResolverSettings;
  static const std::array rows{
      option<&S::nameservers>("nameservers",
                              "`address` or `address:port`, asked in this order; "
                              "without any, those of /etc/resolv.conf. /etc/hosts comes first. A "
                              "name is looked up as it is written, without a search list."),
      option<&S::timeout>("timeout",
                          "For one answer of one server; doubled with each further attempt.",
                          between(Milliseconds(10), Milliseconds(60'000))),
      option<&S::attempts>("attempts", "How often each server is asked one question.",
                           between(1, 10)),
      option<&S::prefer>("prefer", "Which addresses are used of a name that has both kinds."),
  };
  return rows;
}

}  // namespace sallyport::load
