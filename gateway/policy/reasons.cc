#include "gateway/policy/reasons.h"

#include <array>

namespace sallyport::policy::reasons {

constexpr Reason kNoRoute{"route.none", ErrorClass::not_found,
                          "No route has this host and path. There is no default route: add one to "
                          "`routes` if the resource is meant to be reachable."};
constexpr Reason kMethodNotAllowed{"route.method", ErrorClass::method_not_allowed,
                                   "A route has this path, and does not list this method."};
constexpr Reason kAmbiguousPath{"route.ambiguous_path", ErrorClass::bad_request,
                                "The path has a route as it is spelt, and another one for an "
                                "upstream that ignores letter case, a last slash, or dots and "
                                "spaces at the end of a segment; see `ambiguous_paths`."};
constexpr Reason kUnexpectedContent{
    "route.unexpected_content", ErrorClass::bad_request,
    "The request has content and a method whose content has no meaning, such as GET or DELETE. An "
    "upstream that does not read it takes it for the next request on its connection. If the "
    "upstream "
    "needs it, list the method in `request_bodies` of the route."};
constexpr Reason kMisdirected{"route.misdirected", ErrorClass::misdirected,
                              "The request's host is served under another TLS policy than the "
                              "server name of this connection."};
constexpr Reason kPolicyTooSlow{"gateway.policy_too_slow", ErrorClass::unavailable,
                                "A policy waited for a dependency longer than its `deadline`."};
constexpr Reason kFactMissing{"gateway.fact_missing", ErrorClass::forbidden,
                              "An earlier policy in observe mode let a request through without "
                              "establishing what this policy judges by."};
constexpr Reason kBodyTooLarge{"gateway.body_too_large", ErrorClass::content_too_large,
                               "The request body is larger than `limits.request_body` or than what "
                               "a policy of this route reads."};
constexpr Reason kHeadTimeout{"gateway.head_timeout", ErrorClass::request_timeout,
                              "The request head did not arrive within `timeouts.request_head`."};
constexpr Reason kBodyTimeout{"gateway.body_timeout", ErrorClass::request_timeout,
                              "The request body stopped arriving for `timeouts.request_body`."};
constexpr Reason kBodyTooSlow{
    "gateway.body_too_slow", ErrorClass::request_timeout,
    "The request body kept coming, and fell behind `limits.min_body_rate` "
    "by more than `timeouts.request_body`."};
constexpr Reason kResponseTooSlow{"gateway.response_too_slow", ErrorClass::request_timeout,
                                  "The client took the answer more slowly than "
                                  "`limits.min_response_rate` and fell behind by more "
                                  "than `timeouts.response_write`; the connection was closed."};
constexpr Reason kOverhead{
    "connection.overhead", ErrorClass::bad_request,
    "Too much of what came on the connection was of no use to any request: tiny chunks or records, "
    "frames on streams that are gone, and the like. It was ended; see `limits.overhead`."};
constexpr Reason kBadForwarded{"client.bad_forwarded", ErrorClass::bad_request,
                               "A proxy of `trusted_hops` did not name the client: the field is "
                               "malformed, hides who it was, or "
                               "has too many entries. The evidence names the rule and the proxy."};
constexpr Reason kUpstreamConnect{"upstream.connect", ErrorClass::upstream_failed,
                                  "The upstream refused the connection or cannot be reached."};
constexpr Reason kUpstreamTimeout{"upstream.timeout", ErrorClass::upstream_timeout,
                                  "The upstream took longer than its timeouts allow."};
constexpr Reason kUpstreamClosed{"upstream.closed", ErrorClass::upstream_failed,
                                 "The upstream closed the connection before it had answered."};
constexpr Reason kUpstreamBroken{"upstream.broken", ErrorClass::upstream_failed,
                                 "The upstream's answer breaks HTTP; the evidence names the rule."};
constexpr Reason kUpstreamBusy{
    "upstream.busy", ErrorClass::unavailable,
    "The upstream has `max_connections` in use, and the request did "
    "not get one within `queue_timeout`, or `max_pending` wait already."};
constexpr Reason kUpstreamTls{"upstream.tls", ErrorClass::upstream_failed,
                              "TLS with the upstream failed: its certificate was not believed, or "
                              "ours was not; the evidence says why."};
constexpr Reason kUpstreamUnresolved{"upstream.unresolved", ErrorClass::unavailable,
                                     "No name of the upstream's servers has ever been resolved."};
constexpr Reason kUpstreamDown{"upstream.down", ErrorClass::unavailable,
                               "Every server of the upstream is down, as its health checks and its "
                               "failed requests say."};
constexpr Reason kOverloaded{"gateway.overloaded", ErrorClass::unavailable,
                             "The gateway is at one of its own limits."};
constexpr Reason kUnwritable{"gateway.unwritable", ErrorClass::internal,
                             "A policy of this route made a field that HTTP does not allow; the "
                             "message was not sent."};
constexpr Reason kLogLost{
    "gateway.log_lost", ErrorClass::unavailable,
    "Log lines cannot be written, and `log.on_failure` is `refuse`: nothing is "
    "served without a record of it."};

std::span<const Reason* const> all() {
  static constexpr std::array kAll{&kNoRoute,
                                   &kMethodNotAllowed,
                                   &kAmbiguousPath,
                                   &kUnexpectedContent,
                                   &kMisdirected,
                                   &kPolicyTooSlow,
                                   &kFactMissing,
                                   &kBodyTooLarge,
                                   &kHeadTimeout,
                                   &kBodyTimeout,
                                   &kBodyTooSlow,
                                   &kResponseTooSlow,
                                   &kOverhead,
                                   &kBadForwarded,
                                   &kUpstreamConnect,
                                   &kUpstreamTimeout,
                                   &kUpstreamClosed,
                                   &kUpstreamBroken,
                                   &kUpstreamBusy,
                                   &kUpstreamTls,
                                   &kUpstreamUnresolved,
                                   &kUpstreamDown,
                                   &kOverloaded,
                                   &kUnwritable,
                                   &kLogLost};
  return kAll;
}

}  // namespace sallyport::policy::reasons
