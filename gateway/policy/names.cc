// The texts of the enumerations of this room, as logs and documentation write them.

#include "gateway/policy/checks.h"
#include "gateway/policy/fact.h"
#include "gateway/policy/reason.h"
#include "gateway/policy/trail.h"

namespace sallyport::policy {

std::string_view to_string(ErrorClass kind) {
  switch (kind) {
    case ErrorClass::bad_request:
      return "bad_request";
    case ErrorClass::invalid_request:
      return "invalid_request";
    case ErrorClass::unauthenticated:
      return "unauthenticated";
    case ErrorClass::invalid_token:
      return "invalid_token";
    case ErrorClass::invalid_grant:
      return "invalid_grant";
    case ErrorClass::insufficient_scope:
      return "insufficient_scope";
    case ErrorClass::forbidden:
      return "forbidden";
    case ErrorClass::certificate_required:
      return "certificate_required";
    case ErrorClass::not_found:
      return "not_found";
    case ErrorClass::method_not_allowed:
      return "method_not_allowed";
    case ErrorClass::misdirected:
      return "misdirected";
    case ErrorClass::request_timeout:
      return "request_timeout";
    case ErrorClass::length_required:
      return "length_required";
    case ErrorClass::content_too_large:
      return "content_too_large";
    case ErrorClass::target_too_long:
      return "target_too_long";
    case ErrorClass::expectation_failed:
      return "expectation_failed";
    case ErrorClass::fields_too_large:
      return "fields_too_large";
    case ErrorClass::rate_limited:
      return "rate_limited";
    case ErrorClass::not_implemented:
      return "not_implemented";
    case ErrorClass::version_not_supported:
      return "version_not_supported";
    case ErrorClass::upstream_failed:
      return "upstream_failed";
    case ErrorClass::upstream_timeout:
      return "upstream_timeout";
    case ErrorClass::unavailable:
      return "unavailable";
    case ErrorClass::internal:
      return "internal";
  }
  return "internal";
}

std::string_view to_string(Fact fact) {
  switch (fact) {
    case Fact::identity:
      return "identity";
    case Fact::token:
      return "token";
    case Fact::revocations:
      return "view of the revocations (policy `revocation`)";
  }
  return "unknown";
}

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::allowed:
      return "allow";
    case Outcome::denied:
      return "deny";
    case Outcome::would_deny:
      return "would_deny";
    case Outcome::tolerated:
      return "tolerated";
  }
  return "unknown";
}

std::string_view to_string(CheckResult result) {
  switch (result) {
    case CheckResult::not_made:
      return "not_made";
    case CheckResult::passed:
      return "pass";
    case CheckResult::failed:
      return "fail";
    case CheckResult::not_reached:
      return "not_reached";
  }
  return "unknown";
}

}  // namespace sallyport::policy
