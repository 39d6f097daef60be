// Whatever is accepted as a target is its own canonical form and has nothing in it that two servers
// could read differently.

#include <cstdint>
#include <string>

#include "gateway/base/check.h"
#include "gateway/http/target.h"

namespace {

using sallyport::Arena;
using sallyport::http::canonicalise;
using sallyport::http::Method;
using sallyport::http::RequestTarget;
using sallyport::http::Target;

void check_path(std::string_view path) {
  const std::string closed = std::string(path) + "/";
  SALLYPORT_CHECK(path.starts_with('/'));
  SALLYPORT_CHECK(path.find("//") == std::string_view::npos);
  SALLYPORT_CHECK(closed.find("/./") == std::string::npos);
  SALLYPORT_CHECK(closed.find("/../") == std::string::npos);
  for (const std::string_view never : {"%2F", "%5C", "%00", "%0A", "%2E", "%41", "%3B", "%2f"}) {
    SALLYPORT_CHECK(path.find(never) == std::string_view::npos);
  }
  for (const char c : path) SALLYPORT_CHECK(c > ' ' && c < 0x7f && c != ';' && c != '\\');
}

void check_method(std::string_view raw, Method method) {
  Arena arena;
  const auto result = canonicalise(raw, method, arena);
  const auto* accepted = std::get_if<RequestTarget>(&result);
  if (accepted == nullptr) return;
  const Target& target = accepted->target;
  if (target.path == "*") {
    SALLYPORT_CHECK(method == Method::options && !target.has_query);
    return;
  }
  check_path(target.path);
  SALLYPORT_CHECK(target.has_query || target.query.empty());
  SALLYPORT_CHECK(target.query.find_first_of("[]{}|^") == std::string_view::npos);
  std::string text(target.path);
  if (target.has_query) text.append("?").append(target.query);
  const auto again = canonicalise(text, method, arena);
  const auto* same = std::get_if<RequestTarget>(&again);
  SALLYPORT_CHECK(same != nullptr && same->authority.empty());
  SALLYPORT_CHECK(same->target.path == target.path && same->target.query == target.query);
  SALLYPORT_CHECK(same->target.has_query == target.has_query);
  SALLYPORT_CHECK(!same->target.has_lax_query);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view raw(reinterpret_cast<const char*>(data), size);
  check_method(raw, Method::get);
  check_method(raw, Method::options);
  return 0;
}
