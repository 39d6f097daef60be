#include "gateway/http/request_method.h"

#include "gateway/http/field_names.h"

namespace sallyport::http {
namespace {

constexpr std::size_t kMaxMethod = 32;

}  // namespace

std::optional<Violation> read_method(std::string_view token, RequestHead& request) {
  if (!is_token(token) || token.size() > kMaxMethod) return Violation::bad_method;
  for (const char c : token) {
    if (c >= 'a' && c <= 'z') return Violation::bad_method;
  }
  request.method = method_of(token);
  request.method_text = token;
  if (request.method == Method::connect) return Violation::connect_refused;
  if (request.method == Method::trace) return Violation::trace_refused;
  return std::nullopt;
}

}  // namespace sallyport::http
