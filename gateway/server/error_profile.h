#pragma once

// ErrorProfile says how refusals look on the wire: for each error class a status, a code and a
// message. Profiles are data (conf/profiles), since those who specify them disagree.

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/values.h"
#include "gateway/policy/reason.h"

namespace sallyport::server {

// Shape is the form of the body: FDX's {"code","message"} or OAuth's {"error","error_description"}
// (RFC 6749 section 5.2).
enum class Shape : std::uint8_t { fdx, oauth };
constexpr auto option_names(Shape) {
  return std::array<std::pair<std::string_view, Shape>, 2>{
      {{"fdx", Shape::fdx}, {"oauth", Shape::oauth}}};
}

// CodeType is the JSON type of FDX's `code`: the schema says string, the examples say integer.
enum class CodeType : std::uint8_t { integer, string };
constexpr auto option_names(CodeType) {
  return std::array<std::pair<std::string_view, CodeType>, 2>{
      {{"integer", CodeType::integer}, {"string", CodeType::string}}};
}

struct ErrorRule {
  int status = 500;
  std::string code;     // a number for Shape::fdx, an error token for Shape::oauth
  std::string message;  // for the client: says nothing of the gateway's insides
  static std::span<const config::Option> options();
};

// ErrorProfileSettings is a profile as written in YAML; every class must be there.
struct ErrorProfileSettings {
  Shape shape = Shape::fdx;
  CodeType code_type = CodeType::integer;
  std::map<std::string, ErrorRule> classes;
  static std::span<const config::Option> options();
};

struct ErrorProfile {
  std::string name;
  Shape shape = Shape::fdx;
  CodeType code_type = CodeType::integer;
  std::array<ErrorRule, policy::kErrorClasses> rules;

  const ErrorRule& rule(policy::ErrorClass kind) const {
    return rules[static_cast<std::size_t>(kind)];
  }
};

// make_profile checks that every class has a rule; mistakes become findings at `node`.
std::optional<ErrorProfile> make_profile(std::string name, const ErrorProfileSettings& settings,
                                         const config::Node& node, config::Findings& findings);

// built_in_profiles are those of conf/profiles, compiled in: plaid, fdx-6.4, oauth.
std::vector<ErrorProfile> built_in_profiles();

}  // namespace sallyport::server
