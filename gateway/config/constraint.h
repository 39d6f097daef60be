#pragma once

// Constraints narrow what an option accepts beyond its type. Every kind of constraint knows how to
// check a value, how to say itself in documentation, and what it adds to the JSON Schema. In lists
// and mappings they hold for each item, except not_empty, which is about the whole.

#include <concepts>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "gateway/config/codec.h"

namespace sallyport::config {

// LeafOf<T> is what a list, mapping, optional or At is of in the end.
template <class T>
struct Leaf {
  using Type = T;
};
template <class T>
struct Leaf<At<T>> : Leaf<T> {};
template <class T>
struct Leaf<std::optional<T>> : Leaf<T> {};
template <class T>
struct Leaf<std::vector<T>> : Leaf<T> {};
template <class T>
struct Leaf<std::map<std::string, T>> : Leaf<T> {};
template <class T>
using LeafOf = typename Leaf<T>::Type;

// WholeOf<T> is T without At and optional.
template <class T>
struct Whole {
  using Type = T;
};
template <class T>
struct Whole<At<T>> : Whole<T> {};
template <class T>
struct Whole<std::optional<T>> : Whole<T> {};
template <class T>
using WholeOf = typename Whole<T>::Type;

template <class A, class B>
bool is_less(const A& a, const B& b) {
  if constexpr (std::integral<A> && std::integral<B>) {
    return std::cmp_less(a, b);
  } else if constexpr (std::is_arithmetic_v<A> && std::is_arithmetic_v<B>) {
    return static_cast<double>(a) < static_cast<double>(b);
  } else {
    return a < b;
  }
}

// plain renders a value as one would write it in YAML.
template <class T>
std::string plain(const T& value) {
  const std::string json = Codec<T>::json(value);
  return json.starts_with('"') ? json.substr(1, json.size() - 2) : json;
}

template <class B>
struct Between {
  B min;
  B max;

  // problem returns what is wrong with the value, or nothing.
  template <class T>
  std::string problem(const T& value, const Node& node) const {
    if (!is_less(value, min) && !is_less(max, value)) return {};
    return config::quoted(node.scalar) + " is out of range: write " + plain(min) + " to " +
           plain(max);
  }
  std::string text() const { return "From " + plain(min) + " to " + plain(max) + "."; }
  // add_to adds what JSON Schema can say of this constraint on an option of type T.
  template <class T>
  void add_to(Keywords& keywords) const {
    if constexpr (std::is_arithmetic_v<LeafOf<T>>) {
      keywords.item["minimum"] = plain(min);
      keywords.item["maximum"] = plain(max);
    }
  }
};

template <class B>
struct AtLeast {
  B min;

  template <class T>
  std::string problem(const T& value, const Node& node) const {
    if (!is_less(value, min)) return {};
    return config::quoted(node.scalar) + " is too small: write " + plain(min) + " or more";
  }
  std::string text() const { return "At least " + plain(min) + "."; }
  template <class T>
  void add_to(Keywords& keywords) const {
    if constexpr (std::is_arithmetic_v<LeafOf<T>>) keywords.item["minimum"] = plain(min);
  }
};

template <class V>
struct OneOf {
  std::vector<V> values;

  template <class T>
  std::string problem(const T& value, const Node& node) const {
    for (const V& allowed : values) {
      if (!is_less(value, allowed) && !is_less(allowed, value)) return {};
    }
    const std::vector<std::string> texts = names();
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    return config::quoted(node.scalar) + " is unknown" +
           suggestion(node.scalar, views, "write one of");
  }
  std::string text() const {
    const std::vector<std::string> texts = names();
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    return "One of " + choices(views) + ".";
  }
  template <class T>
  void add_to(Keywords& keywords) const {
    std::string list;
    for (const V& value : values) list += (list.empty() ? "" : ",") + Codec<V>::json(value);
    keywords.item["enum"] = "[" + list + "]";
  }

 private:
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const V& value : values) out.push_back(plain(value));
    return out;
  }
};

struct NotEmpty {
  static constexpr bool kIsAboutWhole = true;

  template <class T>
  std::string problem(const T& value, const Node&) const {
    return value.empty() ? "is empty: write at least one" : "";
  }
  std::string text() const { return "Not empty."; }
  template <class T>
  void add_to(Keywords& keywords) const {
    keywords.whole[keyword(static_cast<WholeOf<T>*>(nullptr))] = "1";
  }

 private:
  static const char* keyword(const std::string*) { return "minLength"; }
  template <class T>
  static const char* keyword(const std::vector<T>*) {
    return "minItems";
  }
  template <class T>
  static const char* keyword(const std::map<std::string, T>*) {
    return "minProperties";
  }
};

// RawSchema describes a Raw option: `schema` returns a JSON Schema as an object, without
// "description" and "default". It is called when the schema is written, not before.
struct RawSchema {
  std::function<std::string()> schema;

  template <class T>
  std::string problem(const T&, const Node&) const {
    return {};
  }
  std::string text() const { return {}; }
  template <class T>
  void add_to(Keywords& keywords) const {
    static_assert(std::same_as<LeafOf<T>, Raw>, "raw_schema is for Raw options");
    keywords.raw = schema;
  }
};

// between accepts values from `min` to `max`, both included.
template <class B>
Between<B> between(B min, B max) {
  return {std::move(min), std::move(max)};
}
template <class B>
AtLeast<B> at_least(B min) {
  return {std::move(min)};
}
template <class V>
OneOf<V> one_of(std::initializer_list<V> values) {
  return {values};
}
inline OneOf<std::string> one_of(std::initializer_list<const char*> values) {
  return {{values.begin(), values.end()}};
}
inline NotEmpty not_empty() { return {}; }
inline RawSchema raw_schema(std::function<std::string()> schema) { return {std::move(schema)}; }

template <class C>
concept IsAboutWhole = requires {
  C::kIsAboutWhole;
};

// meets checks a decoded value, item by item where the constraint is about items.
template <class C, class T>
bool meets(const C& constraint, const Node& node, const T& value, Findings& findings) {
  std::string problem = constraint.problem(value, node);
  if (problem.empty()) return true;
  findings.error(node, std::move(problem));
  return false;
}

template <class C, class T>
bool meets(const C& constraint, const Node& node, const At<T>& value, Findings& findings) {
  return meets(constraint, node, value.value, findings);
}

template <class C, class T>
bool meets(const C& constraint, const Node& node, const std::optional<T>& value,
           Findings& findings) {
  return !value || meets(constraint, node, *value, findings);
}

template <class C, class T>
requires(!IsAboutWhole<C>) bool meets(const C& constraint, const Node& node,
                                      const std::vector<T>& values, Findings& findings) {
  bool ok = true;
  for (std::size_t i = 0; i < values.size(); ++i) {
    ok = meets(constraint, node.items[i], values[i], findings) && ok;
  }
  return ok;
}

template <class C, class T>
requires(!IsAboutWhole<C>) bool meets(const C& constraint, const Node& node,
                                      const std::map<std::string, T>& values, Findings& findings) {
  bool ok = true;
  for (const auto& member : node.members) {
    ok = meets(constraint, member.value, values.at(member.key), findings) && ok;
  }
  return ok;
}

}  // namespace sallyport::config
