#include "gateway/server/violation_reasons.h"

#include <array>

namespace sallyport::server {
namespace {

policy::ErrorClass class_of(http::ViolationClass kind) {
  switch (kind) {
    case http::ViolationClass::bad_request:
      return policy::ErrorClass::bad_request;
    case http::ViolationClass::content_too_large:
      return policy::ErrorClass::content_too_large;
    case http::ViolationClass::target_too_long:
      return policy::ErrorClass::target_too_long;
    case http::ViolationClass::expectation_failed:
      return policy::ErrorClass::expectation_failed;
    case http::ViolationClass::fields_too_large:
      return policy::ErrorClass::fields_too_large;
    case http::ViolationClass::not_implemented:
      return policy::ErrorClass::not_implemented;
    case http::ViolationClass::version_not_supported:
      return policy::ErrorClass::version_not_supported;
  }
  return policy::ErrorClass::bad_request;
}

std::array<policy::Reason, http::kViolations> make_reasons() {
  std::array<policy::Reason, http::kViolations> reasons{};
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    const http::ViolationInfo& info = http::describe(static_cast<http::Violation>(i));
    reasons[i] = {info.id, class_of(info.kind), info.help};
  }
  return reasons;
}

const std::array<policy::Reason, http::kViolations>& reasons() {
  static const auto kReasons = make_reasons();
  return kReasons;
}

}  // namespace

const policy::Reason& reason_of(http::Violation violation) {
  return reasons()[static_cast<std::size_t>(violation)];
}

std::span<const policy::Reason> violation_reasons() { return reasons(); }

}  // namespace sallyport::server
