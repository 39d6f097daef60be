#pragma once

// Option tables: one row an option, next to the struct whose member it fills. From the same rows
// come strict decoding, defaults, the JSON Schema and the reference (describe.h).
//
//   struct Settings {
//     std::vector<std::string> allow;
//     Seconds max_age{900};                                   // defaults live here
//     static std::span<const config::Option> options();
//   };
//   std::span<const config::Option> Settings::options() {
//     static const std::array rows{
//         config::required<&Settings::allow>("allow", "Who may call.", config::not_empty()),
//         config::option<&Settings::max_age>("max_age", "Oldest acceptable token.",
//                                            config::between(Seconds(1), Seconds(3600))),
//     };
//     return rows;
//   }
//
// Settings structs have defaults for all members, do not inherit, and do not contain themselves.
// Members may be of any type that codec.h knows; constraints are in constraint.h.

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/config/codec.h"
#include "gateway/config/constraint.h"
#include "gateway/config/node.h"

namespace sallyport::config {

struct Option {
  std::string_view name;
  std::string_view help;  // a sentence
  bool is_required = false;
  std::string limits;        // sentences of the constraints, "From 1s to 1h."
  std::string type;          // "duration", "list of text"
  std::string default_json;  // empty: there is none to show
  Nested nested;             // the inner table, if there is one

  // decode fills the member in `settings`, which is the struct that this row is of.
  std::function<bool(const Node&, void* settings, Findings&)> decode;
  // absent is called instead when the mapping `parent` does not have the option.
  std::function<void(const Node& parent, void* settings)> absent;
  // schema returns the type's JSON Schema, without description and default.
  std::function<std::string()> schema;
};

// place_of_absent is a null node that stands where `name` would be in `parent`.
Node place_of_absent(const Node& parent, std::string_view name);

template <class M>
struct MemberOf;
template <class S, class T>
struct MemberOf<T S::*> {
  using Settings = S;
  using Type = T;
};

template <class T>
void mark_absent(T&, const Node&, std::string_view) {}
// What is absent can still be pointed at: "set one of a or b here".
template <class T>
void mark_absent(At<T>& out, const Node& parent, std::string_view name) {
  out.node = place_of_absent(parent, name);
}

// Settings is a parameter of its own so that a table in an anonymous namespace stays there: a
// member pointer alone does not keep g++ from merging equally named tables of two files.
template <auto Member, class Settings = typename MemberOf<decltype(Member)>::Settings,
          class... Constraints>
Option option(std::string_view name, std::string_view help, Constraints... constraints) {
  using T = typename MemberOf<decltype(Member)>::Type;
  Option row;
  row.name = name;
  row.help = help;
  ((row.limits += (row.limits.empty() ? "" : " ") + constraints.text()), ...);
  row.type = Codec<T>::type();
  row.default_json = Codec<T>::json(Settings{}.*Member);
  row.nested = Codec<T>::nested();
  row.decode = [... constraint = constraints](const Node& node, void* settings,
                                              Findings& findings) {
    T& out = static_cast<Settings*>(settings)->*Member;
    bool ok = Codec<T>::decode(node, out, findings);
    // A value that could not be read has had its say.
    if (ok) ((ok = meets(constraint, node, out, findings) && ok), ...);
    return ok;
  };
  row.absent = [name](const Node& parent, void* settings) {
    mark_absent(static_cast<Settings*>(settings)->*Member, parent, name);
  };
  row.schema = [... constraint = constraints] {
    Keywords keywords;
    (constraint.template add_to<T>(keywords), ...);
    return Codec<T>::schema(keywords);
  };
  return row;
}

// required is option for what has no sensible default: leaving it out is an error.
template <auto Member, class Settings = typename MemberOf<decltype(Member)>::Settings,
          class... Constraints>
Option required(std::string_view name, std::string_view help, Constraints... constraints) {
  Option row = option<Member, Settings>(name, help, std::move(constraints)...);
  row.is_required = true;
  row.default_json.clear();
  return row;
}

// decode fills `out` from a mapping; what the mapping leaves out keeps its default. It adds a
// finding for every mistake, warns where fit, and returns false when there was any error.
template <class S>
bool decode(const Node& node, S& out, Findings& findings) {
  return Codec<S>::decode(node, out, findings);
}

}  // namespace sallyport::config
