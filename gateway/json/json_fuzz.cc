// Feeds any bytes to the JSON reader, walks what it accepts, and requires that every text survives
// being quoted and read again.

#include <cstddef>
#include <cstdint>

#include "gateway/base/check.h"
#include "gateway/json/json.h"

namespace {

using sallyport::json::Value;

void walk(const Value& value) {
  if (auto text = value.string()) {
    std::string quoted;
    sallyport::json::append_quoted(quoted, *text);
    const auto again = sallyport::json::parse(quoted, {.max_bytes = quoted.size()});
    SALLYPORT_CHECK(again && again->string() == *text);
  }
  SALLYPORT_CHECK(value.is_integer() == value.integer().has_value());
  for (std::size_t i = 0; value.is_array() && i < value.size(); ++i) walk(value.at(i));
  std::size_t members = 0;
  value.for_each_member([&](std::string_view name, const Value& member) {
    SALLYPORT_CHECK(value.member(name).exists());
    ++members;
    walk(member);
  });
  SALLYPORT_CHECK(!value.is_object() || members == value.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto value = sallyport::json::parse(text)) {
    walk(*value);
    return 0;
  }
  // Even text that is no JSON can be quoted, and is JSON then unless it holds NUL.
  std::string quoted;
  sallyport::json::append_quoted(quoted, text);
  const auto again = sallyport::json::parse(quoted, {.max_bytes = quoted.size()});
  SALLYPORT_CHECK(again.has_value() == (text.find('\0') == std::string_view::npos));
  return 0;
}
