// An accepted request, written and read again, is the same request; and its end is found at the
// same octet however the octets are cut.

#include <algorithm>
#include <cstdint>
#include <string>

#include "gateway/base/check.h"
#include "gateway/http/field_names.h"
#include "gateway/http/h1_request.h"
#include "gateway/http/serialise.h"

namespace {

using namespace sallyport::http;
using sallyport::Arena;

constexpr HeadLimits kLimits{
    .max_head_bytes = 2048, .max_start_line = 512, .max_fields = 20, .max_field_bytes = 512};

HeadProgress find_end(std::string_view text, std::size_t step) {
  HeadScan scan;
  for (std::size_t size = std::min(step, text.size());; size = std::min(size + step, text.size())) {
    const auto progress = find_head_end(text.substr(0, size), StartLine::request, kLimits, scan);
    if (progress.state != HeadProgress::State::need_more || size == text.size()) return progress;
  }
}

bool same_fields(const Fields& a, const Fields& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Field& x, const Field& y) {
    return x.name == y.name && x.value == y.value;
  });
}

void check_same(const RequestHead& a, const RequestHead& b) {
  SALLYPORT_CHECK(a.method == b.method && a.method_text == b.method_text);
  SALLYPORT_CHECK(a.target.path == b.target.path && a.target.query == b.target.query);
  SALLYPORT_CHECK(a.target.has_query == b.target.has_query);
  SALLYPORT_CHECK(a.authority == b.authority && a.host == b.host);
  SALLYPORT_CHECK(a.body.framing == b.body.framing && a.body.length == b.body.length);
  SALLYPORT_CHECK(a.expects_continue == b.expects_continue && a.keep_alive == b.keep_alive);
  SALLYPORT_CHECK(same_fields(a.fields, b.fields));
}

void check_accepted(const RequestHead& request, Arena& arena) {
  for (const Field& field : request.fields) {
    SALLYPORT_CHECK(is_token(field.name) && is_field_value(field.value));
    SALLYPORT_CHECK(!is_framing(field.name) && !is_hop_by_hop(field.name));
  }
  std::string text;
  const auto persistence = request.keep_alive ? Persistence::keep : Persistence::close;
  SALLYPORT_CHECK(append_request_head(request, persistence, text));
  const auto again = parse_request_head(arena.copy(text), HeadLimits{}, arena);
  const auto* same = std::get_if<RequestHead>(&again);
  SALLYPORT_CHECK(same != nullptr);
  check_same(request, *same);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const HeadProgress progress = find_end(input, input.size() + 1);
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}}) {
    const HeadProgress cut = find_end(input, step);
    SALLYPORT_CHECK(cut.state == progress.state && cut.length == progress.length);
    SALLYPORT_CHECK(cut.violation == progress.violation);
  }
  Arena arena;
  // The parser must stand anything, not only what the scan lets through.
  const bool found = progress.state == HeadProgress::State::found;
  const auto head = arena.copy(found ? input.substr(0, progress.length) : input.substr(0, 4096));
  const auto result = parse_request_head(head, kLimits, arena);
  if (const auto* request = std::get_if<RequestHead>(&result)) check_accepted(*request, arena);
  return 0;
}
