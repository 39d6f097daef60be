// Feeds any bytes to the JSON reader, walks what it accepts, and requires that every text survives
// being quoted and read again. jansson is the referee: it must accept the same texts, and see the
// same in them.

#include <jansson.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "gateway/base/check.h"
#include "gateway/json/json.h"

namespace {

using sallyport::json::Value;

constexpr int kMaxDepth = 16;

int depth_of(const json_t* json) {
  int deepest = 0;
  std::size_t index;
  const char* name;
  json_t* child;
  json_array_foreach(json, index, child) deepest = std::max(deepest, depth_of(child));
  json_object_foreach(const_cast<json_t*>(json), name, child) {
    deepest = std::max(deepest, depth_of(child));
  }
  return deepest + (json_is_array(json) || json_is_object(json) ? 1 : 0);
}

// require_near: where a double can tell single numbers apart, it has the same whole, or has been
// rounded to the next.
void require_near(const std::optional<sallyport::json::Whole>& whole, double real) {
  constexpr double kExact = 4503599627370496;  // 2^52
  if (std::fabs(real) >= kExact) return;
  SALLYPORT_CHECK(whole.has_value());
  const double away = std::floor(real) - static_cast<double>(whole->floor);
  SALLYPORT_CHECK(away == 0 || (away == 1 && whole->has_fraction));
}

void require_same(const Value& value, json_t* json) {
  SALLYPORT_CHECK(value.exists() && json != nullptr);
  SALLYPORT_CHECK(value.is_object() == json_is_object(json));
  SALLYPORT_CHECK(value.is_array() == json_is_array(json));
  SALLYPORT_CHECK(value.is_string() == json_is_string(json));
  SALLYPORT_CHECK(value.is_integer() == json_is_integer(json));
  SALLYPORT_CHECK(value.is_boolean() == json_is_boolean(json));
  if (auto text = value.string()) {
    SALLYPORT_CHECK(*text == std::string_view(json_string_value(json), json_string_length(json)));
  }
  if (auto integer = value.integer()) SALLYPORT_CHECK(*integer == json_integer_value(json));
  if (auto boolean = value.boolean()) SALLYPORT_CHECK(*boolean == json_is_true(json));
  if (json_is_real(json)) require_near(value.whole(), json_real_value(json));
  if (value.is_array()) SALLYPORT_CHECK(value.size() == json_array_size(json));
  for (std::size_t i = 0; value.is_array() && i < value.size(); ++i) {
    require_same(value.at(i), json_array_get(json, i));
  }
  if (value.is_object()) SALLYPORT_CHECK(value.size() == json_object_size(json));
  void* member = json_object_iter(json);
  value.for_each_member([&](std::string_view name, const Value& child) {
    SALLYPORT_CHECK(name == json_object_iter_key(member));
    require_same(child, json_object_iter_value(member));
    member = json_object_iter_next(json, member);
  });
}

// judge compares the two readers. What only jansson accepts must be for a rule of ours: depth, NUL
// (after which it may stop), and numbers too near to zero for a double.
void judge(std::string_view text, const Value* value) {
  json_error_t error;
  json_t* json =
      json_loadb(text.data(), text.size(), JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
  if (value != nullptr) {
    require_same(*value, json);
  } else if (json != nullptr) {
    const bool may_be_tiny = text.find_first_of(".eE") != std::string_view::npos;
    SALLYPORT_CHECK(depth_of(json) > kMaxDepth || text.find('\0') != std::string_view::npos ||
                    may_be_tiny);
  }
  json_decref(json);
}

void walk(const Value& value) {
  if (auto text = value.string()) {
    std::string quoted;
    sallyport::json::append_quoted(quoted, *text);
    const auto again = sallyport::json::parse(quoted, {.max_bytes = quoted.size()});
    SALLYPORT_CHECK(again && again->string() == *text);
  }
  SALLYPORT_CHECK(value.is_integer() == value.integer().has_value());
  if (auto integer = value.integer()) {
    SALLYPORT_CHECK(value.whole() == (sallyport::json::Whole{*integer, false}));
  }
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
  const auto value = sallyport::json::parse(text, {.max_depth = kMaxDepth});
  judge(text, value ? &*value : nullptr);
  if (value) {
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
