#pragma once

// Reason is one way of saying no. Each is one static object; its id appears in logs, metric labels,
// documentation and exactly one place in the code.

#include <cstdint>
#include <string_view>

namespace sallyport::policy {

// ErrorClass says what kind of refusal it is, without knowing any protocol. Status codes, bodies
// and challenges are made of it by server/error_reply with the route's error profile.
enum class ErrorClass : std::uint8_t {
  bad_request,           // the message breaks HTTP
  invalid_request,       // the message is HTTP, and breaks a rule of OAuth or of the API
  unauthenticated,       // no credentials were given
  invalid_token,         // the token is not good, or no longer
  invalid_grant,         // a code or refresh token is not good, or no longer (RFC 6749 section 5.2)
  insufficient_scope,    // the token is good and does not cover this
  forbidden,             // who calls may not do this, with whatever token
  certificate_required,  // the connection has no client certificate and the route needs one
  not_found,
  method_not_allowed,
  misdirected,  // this connection is not for this host (RFC 9110 15.5.20)
  request_timeout,
  length_required,
  content_too_large,
  target_too_long,
  expectation_failed,
  fields_too_large,
  rate_limited,
  not_implemented,
  version_not_supported,
  upstream_failed,  // no usable answer
  upstream_timeout,
  unavailable,  // a dependency is missing, or the gateway is full
  internal,
};
inline constexpr int kErrorClasses = static_cast<int>(ErrorClass::internal) + 1;

std::string_view to_string(ErrorClass kind);

struct Reason {
  std::string_view id;  // "bearer.expired": module or room, then what
  ErrorClass kind;
  std::string_view help;  // for the operator: what it means and what to look at
};

}  // namespace sallyport::policy
