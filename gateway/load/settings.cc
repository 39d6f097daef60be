#include "gateway/load/settings.h"

#include "gateway/load/schema.h"

namespace sallyport::load {

using config::between;
using config::option;
using config::required;

std::span<const config::Option> CertificateSettings::options() {
  using S = CertificateSettings;
  static const std::array rows{
      required<&S::names>("names",
                          "Server names (SNI) that this certificate serves: exact, or "
                          "`*.example.com` for one label.",
                          config::not_empty()),
      required<&S::certificate>("certificate", "PEM file: the leaf, then its issuers in order."),
      required<&S::key>("key", "PEM file with the leaf's private key."),
      option<&S::client_certificates>(
          "client_certificates",
          "Name of a trust store: a client certificate is asked for, and one that the store does "
          "not verify fails the handshake. Whether one is required is each route's business. "
          "Without it browsers are never prompted."),
      option<&S::issuers>("issuers",
                          "Name of a trust store that must verify what is served, where callers "
                          "trust a private CA; without it the machine's CA bundle must."),
      option<&S::insecure_skip_chain_check>(
          "insecure_skip_chain_check",
          "Serves a certificate in production that callers will not verify, such as a self-signed "
          "one. Every load warns of it."),
      option<&S::is_default>("default", "Serves also clients that send no or an unknown name."),
  };
  return rows;
}

std::span<const config::Option> TlsSettings::options() {
  using S = TlsSettings;
  static const std::array rows{
      option<&S::min_version>("min_version", "The oldest TLS version: `\"1.2\"` or `\"1.3\"`.",
                              config::one_of({"1.2", "1.3"})),
      option<&S::protocols>("protocols",
                            "Protocols offered by ALPN, the best first: `h2` and "
                            "`http/1.1`. A client without ALPN gets HTTP/1.1.",
                            config::one_of({"h2", "http/1.1"})),
      required<&S::certificates>("certificates", "What is served for which server name.",
                                 config::not_empty()),
  };
  return rows;
}

std::span<const config::Option> ProxyProtocolSettings::options() {
  using S = ProxyProtocolSettings;
  static const std::array rows{
      required<&S::from>("from",
                         "Balancers: addresses or blocks (`10.0.0.0/24`). Whoever else "
                         "connects is refused.",
                         config::not_empty()),
      option<&S::timeout>("timeout", "From the connection to the end of the header.",
                          between(Milliseconds(10), Milliseconds(60'000))),
      option<&S::require_checksum>("require_checksum",
                                   "Refuses headers without a CRC-32C, and with it version 1. One "
                                   "that is there is always verified."),
  };
  return rows;
}

std::span<const config::Option> TrustedHopsSettings::options() {
  using S = TrustedHopsSettings;
  static const std::array rows{
      required<&S::proxies>("proxies",
                            "Proxies whose word about a request's client counts: "
                            "addresses or blocks.",
                            config::not_empty()),
      option<&S::field>("field",
                        "The field in which they name the client. The other one is never "
                        "believed."),
  };
  return rows;
}

std::span<const config::Option> ListenerSettings::options() {
  using S = ListenerSettings;
  static const std::array rows{
      required<&S::name>("name", "Name in logs and metrics.", config::not_empty()),
      required<&S::address>("address", "`address:port`, such as `0.0.0.0:443` or `[::]:443`."),
      required<&S::tls>("tls", "TLS of this listener; there are no listeners without."),
      option<&S::proxy_protocol>(
          "proxy_protocol",
          "Every connection must begin with a PROXY header (version 1 or 2), "
          "which says who the client is. For listeners behind a balancer that "
          "does not end TLS."),
      option<&S::trusted_hops>("trusted_hops",
                               "The client of a request is whom these proxies name, from the last "
                               "entry of the field to the first that is not itself a proxy. For "
                               "listeners behind proxies that make requests of their own."),
  };
  return rows;
}

std::span<const config::Option> RequestFieldsSettings::options() {
  using S = RequestFieldsSettings;
  static const std::array rows{
      required<&S::only>(
          "only",
          "Names of fields, and sets of names: `fdx` for an FDX API, `oauth` for the "
          "endpoints of OAuth that servers call. The upstream gets no other field of a "
          "client, nor trailer; what policies add is not concerned.",
          config::not_empty()),
  };
  return rows;
}

std::span<const config::Option> RouteSettings::options() {
  using S = RouteSettings;
  static const std::array rows{
      required<&S::id>("id", "Name in logs and metrics, unique.", config::not_empty()),
      option<&S::hosts>("hosts", "Hosts that it serves, without port; empty: every host."),
      required<&S::paths>("paths",
                          "Patterns: `/accounts/{accountId}`, or `/static/**` for all "
                          "below. The most specific pattern of all routes wins.",
                          config::not_empty()),
      required<&S::methods>("methods", "Methods that it allows; HEAD is not implied by GET.",
                            config::not_empty()),
      option<&S::request_bodies>("request_bodies",
                                 "Those of `methods` whose requests may have content although HTTP "
                                 "gives it no meaning: all "
                                 "but PATCH, POST and PUT. Others with content are refused, since "
                                 "an upstream that does not "
                                 "read it takes it for another request; docs/request-content.md."),
      required<&S::upstream>("upstream", "Name of the upstream."),
      option<&S::chain>("chain", "Name of the chain whose policies apply."),
      option<&S::policies>("policies",
                           "Policies by name, added to those of `chain` or replacing them; `none` "
                           "for a route that is open to everybody.",
                           config::raw_schema(route_policies_schema)),
      option<&S::request_fields>("request_fields",
                                 "Which fields of a client the upstream gets; all but "
                                 "those that only a gateway may set, when left out."),
      option<&S::errors>("errors", "Error profile of this route."),
      option<&S::query>(
          "query",
          "`lenient`: a query may have the characters `[ ] { } | ^`, as browsers send "
          "them although RFC 3986 does not allow it; policies and the upstream see "
          "them percent-encoded. `strict`: such a request is refused, with "
          "http.target_illegal_character."),
      option<&S::log_path>("log_path", "`false` logs the pattern instead of the path."),
  };
  return rows;
}

std::span<const config::Option> TimeoutSettings::options() {
  using S = TimeoutSettings;
  const auto wait = between(Milliseconds(10), Milliseconds(3'600'000));
  static const std::array rows{
      option<&S::handshake>("handshake", "From the connection to the end of the handshake.", wait),
      option<&S::request_head>("request_head",
                               "From its first octet (on a new connection: from the handshake) to "
                               "the end of a request's head.",
                               wait),
      option<&S::request_body>("request_body",
                               "For a client to pause in a request body, and to fall behind "
                               "`limits.min_body_rate`.",
                               wait),
      option<&S::response_write>("response_write",
                                 "For a client to take nothing of an answer, and to fall behind "
                                 "`limits.min_response_rate`.",
                                 wait),
      option<&S::keep_alive>("keep_alive", "Between two requests on a connection.", wait),
      option<&S::distrusted>("distrusted",
                             "For a request under way to end, when the client's certificate is not "
                             "trusted any more.",
                             wait),
      option<&S::discard_body>(
          "discard_body",
          "For the rest of a request body to come after the answer, over HTTP/2; see "
          "`limits.discard_body`.",
          wait),
      option<&S::start_wait>(
          "start_wait",
          "At the start, how long to wait for what the gateway needs to be ready "
          "(key sets, revocations) before connections are accepted all the same. "
          "Requests that need what is still missing are then answered with 503.",
          between(Milliseconds(0), Milliseconds(600'000))),
      option<&S::min_drain>("min_drain",
                            "How long connections are still accepted after SIGTERM, so that "
                            "balancers can notice /readyz.",
                            between(Milliseconds(0), Milliseconds(600'000))),
      option<&S::max_drain>("max_drain", "After which draining ends with connections still open.",
                            between(Milliseconds(0), Milliseconds(3'600'000))),
  };
  return rows;
}

std::span<const config::Option> Http2Settings::options() {
  using S = Http2Settings;
  using config::Size;
  const auto window = between(Size{16 * 1024}, Size{16 * 1024 * 1024});
  const auto a_second = between(1, 1'000'000);
  static const std::array rows{
      option<&S::streams>("streams", "Requests that may be open at a time.", between(1, 10'000)),
      option<&S::stream_window>("stream_window", "Bytes of one request body that may wait.",
                                window),
      option<&S::connection_window>("connection_window",
                                    "Bytes of all request bodies together that may wait.", window),
      option<&S::continuations>("continuations", "CONTINUATION frames of one header block.",
                                between(0, 1000)),
      option<&S::resets>("resets", "RST_STREAM and other frames that end a stream, a second.",
                         a_second),
      option<&S::pings>("pings", "PING frames a second.", a_second),
      option<&S::settings>("settings", "SETTINGS frames a second.", a_second),
      option<&S::window_updates>("window_updates",
                                 "WINDOW_UPDATE frames a second, besides four for each DATA frame "
                                 "that was sent.",
                                 a_second),
      option<&S::empty_data>("empty_data", "DATA frames without octets, a second.", a_second),
      option<&S::priorities>("priorities", "PRIORITY frames a second.", a_second),
  };
  return rows;
}

std::span<const config::Option> LimitSettings::options() {
  using S = LimitSettings;
  using config::Size;
  static const std::array rows{
      option<&S::connections>("connections", "Client connections, of all workers together.",
                              between(1, 1'000'000)),
      option<&S::connections_per_address>("connections_per_address",
                                          "Of these from one IPv4 address or one IPv6 /64; 0: no "
                                          "limit.",
                                          between(0, 1'000'000)),
      option<&S::connects_per_address>("connects_per_address",
                                       "New connections a second from one address, of all workers "
                                       "together; 0: no limit.",
                                       between(0, 1'000'000)),
      option<&S::exempt>("exempt",
                         "Addresses or blocks without a limit of their own, such as a "
                         "partner behind one address."),
      option<&S::handshakes>(
          "handshakes",
          "TLS handshakes under way; beyond, the one whose client has been silent "
          "for longest ends. Divided among the workers.",
          between(1, 1'000'000)),
      option<&S::handshakes_per_second>("handshakes_per_second",
                                        "TLS handshakes that begin in a second; others wait their "
                                        "turn. Divided among the workers; 0: no limit.",
                                        between(0, 1'000'000)),
      option<&S::min_body_rate>("min_body_rate",
                                "Bytes a second that a request body must come with, averaged over "
                                "`timeouts.request_body`; 0: no limit.",
                                between(0, 1'000'000'000)),
      option<&S::min_response_rate>(
          "min_response_rate",
          "Bytes a second that an answer must be taken with, averaged over "
          "`timeouts.response_write`; 0: no limit.",
          between(0, 1'000'000'000)),
      option<&S::memory>("memory",
                         "Resident memory of the process. Near it new connections are refused and "
                         "idle ones end, at it requests are answered with 503. Three quarters of "
                         "what the machine or the control group has when it is left out.",
                         config::at_least(Size{8 * 1024 * 1024})),
      option<&S::request_head>(
          "request_head",
          "Bytes of a request's head; in HTTP/2 a field counts 32 more than its own "
          "(RFC 9113 section 6.5.2).",
          between(Size{1024}, Size{256 * 1024})),
      option<&S::request_line>("request_line", "Bytes of a request line.",
                               between(Size{256}, Size{64 * 1024})),
      option<&S::request_field>("request_field", "Bytes of one field.",
                                between(Size{256}, Size{128 * 1024})),
      option<&S::request_fields>("request_fields", "Fields of a request.", between(8, 1000)),
      option<&S::request_body>("request_body", "Bytes of a request body.",
                               between(Size{0}, Size{std::uint64_t{1} << 50})),
      option<&S::requests_per_connection>("requests_per_connection",
                                          "After which a connection is closed.",
                                          between(1, 100'000'000)),
      option<&S::discard_body>(
          "discard_body",
          "Bytes of a request body that are taken and thrown away after a request "
          "was answered early, over HTTP/2, so that the client reads the answer: "
          "some report an error instead when their stream is reset. 0: the stream "
          "is reset at once.",
          between(Size{0}, Size{std::uint64_t{1} << 30})),
      option<&S::overhead>(
          "overhead",
          "Bytes of overhead that one connection may be ahead of its use: framing, "
          "empty records, frames on streams that are gone. Each byte of a request's "
          "head and body pays for one. Beyond it the connection is ended; see "
          "docs/operations.md.",
          between(Size{24 * 1024}, Size{64 * 1024 * 1024})),
      option<&S::http2>("http2",
                        "What one HTTP/2 connection may cost. Beyond a number a second "
                        "the connection is ended with ENHANCE_YOUR_CALM."),
  };
  return rows;
}

std::span<const config::Option> AdminSettings::options() {
  using S = AdminSettings;
  static const std::array rows{
      option<&S::socket>("socket",
                         "Path of a Unix socket for the command line: reads and writes, "
                         "guarded by the file's permissions."),
      option<&S::listen>("listen",
                         "Loopback `address:port` for /healthz, /readyz and /metrics: "
                         "reads only, for at most 64 connections at a time."),
      option<&S::hosts>("hosts",
                        "Names besides the address and `localhost` that a request to `listen` may "
                        "have in its `Host`, without port. With any other it is answered 421, so "
                        "that no page in a browser of this machine can read there."),
  };
  return rows;
}

std::span<const config::Option> ProcessSettings::options() {
  using S = ProcessSettings;
  static const std::array rows{
      option<&S::core_dumps>(
          "core_dumps",
          "Lets a crash write a core file, and a debugger of the same user attach. "
          "Both can read the private keys and tokens in the process's memory."),
  };
  return rows;
}

std::span<const config::Option> LogSettings::options() {
  using S = LogSettings;
  static const std::array rows{
      option<&S::file>(
          "file",
          "File that log lines are appended to, made with mode 0640 if it is missing. "
          "SIGUSR1 opens it anew, after a rotation has renamed it. Without this option "
          "the log goes to standard output."),
      option<&S::level>(
          "level",
          "Least level of the gateway's own lines: `info`, `warn` or `error`. Lines of "
          "requests, handshakes and connections are always written."),
      option<&S::sample>(
          "sample",
          "Writes one line for so many requests that were answered as usual, and says "
          "`one_in` there. Requests that were denied, would have been denied, failed "
          "(status 400 and above) or whose client left always have their line.",
          between(1, 1'000'000)),
      option<&S::priorities>(
          "priorities",
          "Begins each line with its syslog priority, such as `<4>`, for the "
          "journal of systemd. Other readers of JSON lines do not understand it."),
      option<&S::on_failure>("on_failure",
                             "What happens while log lines cannot be written: `serve` goes on, and "
                             "counts them in `sallyport_log_lines_dropped_total`; `refuse` answers "
                             "requests with 503 (`gateway.log_lost`), and /readyz is not ready."),
  };
  return rows;
}

std::span<const config::Option> RegisterSettings::options() {
  using S = RegisterSettings;
  static const std::array rows{
      option<&S::path>("path",
                       "Folder where the register is kept over restarts; without it, it is "
                       "kept in memory."),
      option<&S::keep>("keep", "A certificate that was not shown for so long is forgotten.",
                       between(Seconds(3600), Seconds(400LL * 24 * 3600))),
      option<&S::max_certificates>("max_certificates",
                                   "Beyond, the one that was not shown for longest is forgotten.",
                                   between(16, 100'000)),
  };
  return rows;
}

std::span<const config::Option> Settings::options() {
  using S = Settings;
  static const std::array rows{
      option<&S::environment>("environment", "`production` refuses what `sandbox` only warns of."),
      option<&S::workers>("workers",
                          "Number of worker threads, or `auto` (the default) for one a "
                          "core that the process may use. Changes with a restart only.",
                          config::raw_schema([] {
                            return std::string(
                                R"({"anyOf":[{"const":"auto"},{"type":"integer","minimum":1}]})");
                          })),
      required<&S::listeners>("listeners", "Where clients connect.", config::not_empty()),
      option<&S::trust_stores>("trust_stores", "Trust anchors for client certificates, by name."),
      required<&S::upstreams>("upstreams", "The protected APIs, by name."),
      option<&S::resolver>("resolver", "How the names of upstreams' servers are looked up."),
      option<&S::chains>("chains", "Policies that routes share, by name.",
                         config::raw_schema(policies_schema)),
      required<&S::routes>("routes", "What is reachable. There is no default route.",
                           config::not_empty()),
      option<&S::ambiguous_paths>(
          "ambiguous_paths",
          "What becomes of a path that has another route where letter case, a last slash, and dots "
          "or spaces at the end of a segment do not count: `reject`, or `exact` for upstreams that "
          "tell such paths apart."),
      option<&S::modules>("modules", "Options that a policy has once, by the policy's name.",
                          config::raw_schema(modules_schema)),
      option<&S::error_profiles>("error_profiles", "Error profiles of your own, by name."),
      option<&S::errors>("errors",
                         "Error profile where a route names none: `plaid`, `fdx-6.4`, "
                         "`oauth`, or one of `error_profiles`."),
      option<&S::timeouts>("timeouts", "A limit for every wait."),
      option<&S::limits>("limits", "A limit for every size."),
      option<&S::admin>("admin", "Where operators ask."),
      option<&S::process>("process", "The process itself."),
      option<&S::log>("log", "Where log lines go, and which are written."),
      option<&S::certificate_register>("certificate_register",
                                       "What is remembered of client certificates that were shown, "
                                       "for `sallyport certs` and `sallyport trust`."),
  };
  return rows;
}

}  // namespace sallyport::load
