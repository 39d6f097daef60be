#include "gateway/http/message.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"
#include "gateway/http/field_names.h"

namespace sallyport::http {
namespace {

// In the order of the enumerators; `other` has no text of its own.
constexpr std::array<std::string_view, 10> kMethodNames = {
    "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "other"};
static_assert(kMethodNames.size() == static_cast<std::size_t>(Method::other) + 1);

}  // namespace

Method method_of(std::string_view token) {
  const auto* const end = kMethodNames.end() - 1;
  const auto* const found = std::find(kMethodNames.begin(), end, token);
  return static_cast<Method>(found - kMethodNames.begin());
}

std::string_view to_string(Method method) { return kMethodNames[static_cast<std::size_t>(method)]; }

bool expects_content(Method method) {
  return method == Method::post || method == Method::put || method == Method::patch;
}

void Fields::add(std::string_view name, std::string_view value) {
  is_writable_ = is_writable_ && is_token(name) && is_field_value(value);
  list_.push_back({name, value});
}

void Fields::add(FieldName name, std::string_view value) {
  is_writable_ = is_writable_ && is_field_value(value);
  list_.push_back({name.text(), value});
}

const Field* Fields::find(std::string_view name) const {
  for (const Field& field : list_) {
    if (equals_ignoring_case(field.name, name)) return &field;
  }
  return nullptr;
}

std::size_t Fields::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(list_.begin(), list_.end(),
                    [name](const Field& field) { return equals_ignoring_case(field.name, name); }));
}

void Fields::remove(std::string_view name) {
  remove_if([name](const Field& field) { return equals_ignoring_case(field.name, name); });
}

}  // namespace sallyport::http
