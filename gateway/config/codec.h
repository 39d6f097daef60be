#pragma once

// Codec<T> is how an option of type T is decoded, described and shown. A type that is read in its
// own way specialises it; structs with `static std::span<const Option> options()` and enums with
// `option_names` need nothing.

#include <fmt/core.h>

#include <array>
#include <concepts>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/utc.h"
#include "gateway/config/message.h"
#include "gateway/config/scalar.h"
#include "gateway/config/values.h"

namespace sallyport::config {

struct Option;

// Keywords are members of a JSON Schema that constraints add: to the value itself or, in a list or
// mapping, to each item.
struct Keywords {
  std::map<std::string, std::string> whole;
  std::map<std::string, std::string> item;
  std::function<std::string()> raw;  // the schema of a Raw value
};

// scalar_schema renders `{"type": ...}` and the like; keywords win over `own`.
std::string scalar_schema(std::map<std::string, std::string> own, const Keywords& keywords);
// collection_schema renders `own`, the items' schema under `items_name`, and the whole's keywords.
std::string collection_schema(std::string_view type, std::string_view items_name,
                              std::string_view items, const Keywords& keywords);
std::string object_schema(std::span<const Option> options);

// decode_options decodes a mapping by its table; `settings` is the struct that the table is of.
bool decode_options(const Node& node, std::span<const Option> options, void* settings,
                    Findings& findings);

// Nested tells where the options of an inner struct stand, such as "[]" or ".<name>".
struct Nested {
  std::string infix;
  std::span<const Option> (*options)() = nullptr;
};

// CodecDefaults is what most codecs share.
struct CodecDefaults {
  static Nested nested() { return {}; }
};

template <class T>
struct Codec;

template <class T>
concept HasOptions = requires {
  { T::options() } -> std::same_as<std::span<const Option>>;
};

template <class E>
concept NamedEnum = std::is_enum_v<E> && requires(E e) {
  option_names(e);
};

template <HasOptions T>
struct Codec<T> {
  static bool decode(const Node& node, T& out, Findings& findings) {
    return decode_options(node, T::options(), &out, findings);
  }
  static std::string type() { return "mapping"; }
  static std::string schema(const Keywords&) { return object_schema(T::options()); }
  static std::string json(const T&) { return {}; }
  static Nested nested() { return {"", &T::options}; }
};

template <NamedEnum E>
struct Codec<E> : CodecDefaults {
  static auto names() {
    constexpr auto kRows = option_names(E{});
    std::array<std::string_view, kRows.size()> out;
    for (std::size_t i = 0; i < kRows.size(); ++i) out[i] = kRows[i].first;
    return out;
  }
  static bool decode(const Node& node, E& out, Findings& findings) {
    const auto all = names();
    if (!is_scalar_for(node, choices(all), findings)) return false;
    for (const auto& [name, value] : option_names(E{})) {
      if (name != node.scalar) continue;
      out = value;
      return true;
    }
    findings.error(node, config::quoted(node.scalar) + " is unknown" +
                             suggestion(node.scalar, all, "write one of"));
    return false;
  }
  static std::string type() { return choices(names()); }
  static std::string schema(const Keywords& keywords) {
    std::string list;
    for (const auto name : names()) list += (list.empty() ? "" : ",") + json_quoted(name);
    return scalar_schema({{"enum", "[" + list + "]"}}, keywords);
  }
  static std::string json(const E& value) {
    for (const auto& [name, named] : option_names(E{})) {
      if (named == value) return json_quoted(name);
    }
    return {};
  }
};

template <>
struct Codec<bool> : CodecDefaults {
  static bool decode(const Node& node, bool& out, Findings& findings) {
    return decode_boolean(node, out, findings);
  }
  static std::string type() { return "true or false"; }
  static std::string schema(const Keywords& k) {
    return scalar_schema({{"type", "\"boolean\""}}, k);
  }
  static std::string json(bool value) { return value ? "true" : "false"; }
};

template <std::integral T>
struct Codec<T> : CodecDefaults {
  static bool decode(const Node& node, T& out, Findings& findings) {
    using Limits = std::numeric_limits<T>;
    if constexpr (std::signed_integral<T>) {
      const auto value = decode_signed(node, Limits::min(), Limits::max(), findings);
      if (value) out = static_cast<T>(*value);
      return value.has_value();
    } else {
      const auto value = decode_unsigned(node, Limits::max(), findings);
      if (value) out = static_cast<T>(*value);
      return value.has_value();
    }
  }
  static std::string type() { return "whole number"; }
  static std::string schema(const Keywords& k) {
    std::map<std::string, std::string> own{{"type", "\"integer\""}};
    if constexpr (std::unsigned_integral<T>) own["minimum"] = "0";
    // Larger bounds are beyond what most readers of a schema can represent.
    if constexpr (sizeof(T) < 4) own["maximum"] = std::to_string(std::numeric_limits<T>::max());
    return scalar_schema(std::move(own), k);
  }
  static std::string json(T value) { return std::to_string(value); }
};

template <>
struct Codec<double> : CodecDefaults {
  static bool decode(const Node& node, double& out, Findings& findings) {
    return decode_number(node, out, findings);
  }
  static std::string type() { return "number"; }
  static std::string schema(const Keywords& k) {
    return scalar_schema({{"type", "\"number\""}}, k);
  }
  static std::string json(double value) { return fmt::format("{}", value); }
};

template <>
struct Codec<std::string> : CodecDefaults {
  static bool decode(const Node& node, std::string& out, Findings& findings) {
    return decode_text(node, out, findings);
  }
  static std::string type() { return "text"; }
  static std::string schema(const Keywords& k) {
    return scalar_schema({{"type", "\"string\""}}, k);
  }
  static std::string json(const std::string& value) { return json_quoted(value); }
};

template <>
struct Codec<Milliseconds> : CodecDefaults {
  static bool decode(const Node& node, Milliseconds& out, Findings& findings) {
    const auto value = decode_duration(node, Resolution::milliseconds, findings);
    if (value) out = *value;
    return value.has_value();
  }
  static std::string type() { return "duration"; }
  static std::string schema(const Keywords& k) {
    return scalar_schema({{"type", "\"string\""}, {"pattern", "\"^(0|[1-9][0-9]*)(ms|s|m|h|d)$\""}},
                         k);
  }
  static std::string json(Milliseconds value) { return json_quoted(show(value)); }
};

template <>
struct Codec<Seconds> : CodecDefaults {
  static bool decode(const Node& node, Seconds& out, Findings& findings) {
    const auto value = decode_duration(node, Resolution::seconds, findings);
    if (value) out = std::chrono::duration_cast<Seconds>(*value);
    return value.has_value();
  }
  static std::string type() { return "duration"; }
  static std::string schema(const Keywords& k) {
    return scalar_schema({{"type", "\"string\""}, {"pattern", "\"^(0|[1-9][0-9]*)[smhd]$\""}}, k);
  }
  static std::string json(Seconds value) { return json_quoted(show(Milliseconds(value))); }
};

template <>
struct Codec<Size> : CodecDefaults {
  static bool decode(const Node& node, Size& out, Findings& findings) {
    return decode_size(node, out, findings);
  }
  static std::string type() { return "size"; }
  static std::string schema(const Keywords& k) {
    return scalar_schema({{"type", "[\"integer\",\"string\"]"},
                          {"minimum", "0"},
                          {"pattern", "\"^(0|[1-9][0-9]*)[kmg]?$\""}},
                         k);
  }
  static std::string json(Size value) {
    const std::string text = show(value);
    return text.find_first_not_of("0123456789") == std::string::npos ? text : json_quoted(text);
  }
};

template <>
struct Codec<Timestamp> : CodecDefaults {
  static bool decode(const Node& node, Timestamp& out, Findings& findings) {
    return decode_timestamp(node, out, findings);
  }
  static std::string type() { return "time"; }
  static std::string schema(const Keywords& k) {
    return scalar_schema({{"type", "\"string\""}}, k);
  }
  static std::string json(Timestamp value) { return json_quoted(utc_text(value.unix_seconds)); }
};

template <>
struct Codec<File> : CodecDefaults {
  static bool decode(const Node& node, File& out, Findings& findings) {
    return decode_file(node, out, findings);
  }
  static std::string type() { return "path"; }
  static std::string schema(const Keywords& k) {
    return scalar_schema({{"type", "\"string\""}, {"minLength", "1"}}, k);
  }
  static std::string json(const File& value) {
    return value.empty() ? std::string() : json_quoted(value.path);
  }
};

template <>
struct Codec<Secret> : CodecDefaults {
  static bool decode(const Node& node, Secret& out, Findings& findings) {
    return decode_secret(node, out, findings);
  }
  static std::string type() { return "secret"; }
  static std::string schema(const Keywords& k) {
    return scalar_schema({{"type", "\"string\""}, {"pattern", "\"^(file|env|credential):.+$\""}},
                         k);
  }
  static std::string json(const Secret&) { return {}; }
};

template <>
struct Codec<Raw> : CodecDefaults {
  static bool decode(const Node& node, Raw& out, Findings&) {
    out.node = node;
    return true;
  }
  static std::string type() { return "see its own table"; }
  static std::string schema(const Keywords& k) { return k.raw ? k.raw() : "true"; }
  static std::string json(const Raw&) { return {}; }
};

template <class T>
struct Codec<At<T>> {
  static bool decode(const Node& node, At<T>& out, Findings& findings) {
    out.node = node;
    return Codec<T>::decode(node, out.value, findings);
  }
  static std::string type() { return Codec<T>::type(); }
  static std::string schema(const Keywords& k) { return Codec<T>::schema(k); }
  static std::string json(const At<T>& value) { return Codec<T>::json(value.value); }
  static Nested nested() { return Codec<T>::nested(); }
};

template <class T>
struct Codec<std::optional<T>> {
  static bool decode(const Node& node, std::optional<T>& out, Findings& findings) {
    return Codec<T>::decode(node, out.emplace(), findings);
  }
  static std::string type() { return Codec<T>::type(); }
  static std::string schema(const Keywords& k) { return Codec<T>::schema(k); }
  static std::string json(const std::optional<T>& value) {
    return value ? Codec<T>::json(*value) : std::string();
  }
  static Nested nested() { return Codec<T>::nested(); }
};

// A list or mapping that is written replaces the default whole. One whose items cannot be shown is
// not shown either.
template <class T>
struct Codec<std::vector<T>> {
  static_assert(!std::same_as<T, bool>, "a vector of bool has no elements to decode into");

  static bool decode(const Node& node, std::vector<T>& out, Findings& findings) {
    out.clear();
    if (!is_collection_for(node, Node::Kind::sequence, findings)) return false;
    bool ok = true;
    for (const Node& item : node.items)
      ok = Codec<T>::decode(item, out.emplace_back(), findings) && ok;
    return ok;
  }
  static std::string type() { return "list of " + Codec<T>::type(); }
  static std::string schema(const Keywords& k) {
    return collection_schema("array", "items", Codec<T>::schema({k.item, {}, k.raw}), k);
  }
  static std::string json(const std::vector<T>& values) {
    std::string list;
    for (const T& value : values) {
      const std::string json = Codec<T>::json(value);
      if (json.empty()) return {};
      list += (list.empty() ? "" : ", ") + json;
    }
    return "[" + list + "]";
  }
  static Nested nested() {
    const Nested inner = Codec<T>::nested();
    return {"[]" + inner.infix, inner.options};
  }
};

template <class T>
struct Codec<std::map<std::string, T>> {
  static bool decode(const Node& node, std::map<std::string, T>& out, Findings& findings) {
    out.clear();
    if (!is_collection_for(node, Node::Kind::mapping, findings)) return false;
    bool ok = true;
    for (const auto& member : node.members) {
      ok = Codec<T>::decode(member.value, out[member.key], findings) && ok;
    }
    return ok;
  }
  static std::string type() { return "mapping of names to " + Codec<T>::type(); }
  static std::string schema(const Keywords& k) {
    return collection_schema("object", "additionalProperties",
                             Codec<T>::schema({k.item, {}, k.raw}), k);
  }
  static std::string json(const std::map<std::string, T>& values) {
    std::string list;
    for (const auto& [name, value] : values) {
      const std::string json = Codec<T>::json(value);
      if (json.empty()) return {};
      list += (list.empty() ? "" : ", ") + json_quoted(name) + ": " + json;
    }
    return "{" + list + "}";
  }
  static Nested nested() {
    const Nested inner = Codec<T>::nested();
    return {".<name>" + inner.infix, inner.options};
  }
};

}  // namespace sallyport::config
