// An accepted response, written and read again, is the same response. The first octet says which
// method it answers.

#include <algorithm>
#include <cstdint>
#include <string>

#include "gateway/base/arena.h"
#include "gateway/base/check.h"
#include "gateway/http/field_names.h"
#include "gateway/http/h1_response.h"
#include "gateway/http/serialise.h"

namespace {

using namespace sallyport::http;

constexpr HeadLimits kLimits{
    .max_head_bytes = 2048, .max_start_line = 512, .max_fields = 20, .max_field_bytes = 512};

void check_body(const ResponseHead& response, Method method) {
  const bool never = method == Method::head || response.status < 200 || response.status == 204 ||
                     response.status == 304;
  SALLYPORT_CHECK(never == (response.body.framing == Framing::none));
  if (response.body.framing == Framing::until_close) SALLYPORT_CHECK(!response.keep_alive);
}

void check_accepted(const ResponseHead& response, Method method) {
  for (const Field& field : response.fields) {
    SALLYPORT_CHECK(is_token(field.name) && is_field_value(field.value));
    SALLYPORT_CHECK(!is_framing(field.name) && !is_hop_by_hop(field.name));
  }
  check_body(response, method);
  std::string text;
  const auto persistence = response.keep_alive ? Persistence::keep : Persistence::close;
  SALLYPORT_CHECK(append_response_head(response, persistence, text));
  const auto again = parse_response_head(text, method, HeadLimits{});
  const auto* same = std::get_if<ResponseHead>(&again);
  SALLYPORT_CHECK(same != nullptr && same->status == response.status);
  SALLYPORT_CHECK(response.reason.empty() || same->reason == response.reason);
  SALLYPORT_CHECK(same->body.framing == response.body.framing);
  SALLYPORT_CHECK(same->body.length == response.body.length);
  SALLYPORT_CHECK(same->announced_length == response.announced_length);
  SALLYPORT_CHECK(same->keep_alive == response.keep_alive);
  SALLYPORT_CHECK(std::equal(
      response.fields.begin(), response.fields.end(), same->fields.begin(), same->fields.end(),
      [](const Field& a, const Field& b) { return a.name == b.name && a.value == b.value; }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Method method = data[0] == 'H' ? Method::head : Method::get;
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  HeadScan scan;
  const HeadProgress progress = find_head_end(input, StartLine::status, kLimits, scan);
  const bool found = progress.state == HeadProgress::State::found;
  const std::string_view head = input.substr(0, found ? progress.length : 4096);
  sallyport::Arena arena;
  const auto result = parse_response_head(head, method, kLimits, &arena);
  const auto strict = parse_response_head(head, method, kLimits);
  // A repair accepts more, and reads in the same way whatever needs none.
  if (const auto* response = std::get_if<ResponseHead>(&strict)) {
    const auto* same = std::get_if<ResponseHead>(&result);
    SALLYPORT_CHECK(same != nullptr && same->slips == response->slips);
    SALLYPORT_CHECK((same->slips & (kSpaceBeforeColon | kFoldedLine)) == 0);
  }
  if (const auto* response = std::get_if<ResponseHead>(&result)) {
    SALLYPORT_CHECK(response->status >= 100 && response->status <= 599);
    check_accepted(*response, method);
  }
  return 0;
}
