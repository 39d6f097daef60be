#include "gateway/server/error_profile.h"

#include <algorithm>
#include <memory>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/config/option.h"
#include "gateway/server/built_in_profiles.h"

namespace sallyport::server {
namespace {

std::vector<std::string_view> class_names() {
  std::vector<std::string_view> names;
  for (int i = 0; i < policy::kErrorClasses; ++i) {
    names.push_back(policy::to_string(static_cast<policy::ErrorClass>(i)));
  }
  return names;
}

bool code_is_good(const ErrorRule& rule, const ErrorProfileSettings& settings) {
  if (settings.shape == Shape::oauth || settings.code_type == CodeType::string) {
    return !rule.code.empty();
  }
  return parse_decimal<int>(rule.code).has_value();
}

}  // namespace

std::span<const config::Option> ErrorRule::options() {
  static const std::array rows{
      config::required<&ErrorRule::status>("status", "The HTTP status code.",
                                           config::between(400, 599)),
      config::required<&ErrorRule::code>(
          "code", "FDX's error code, or OAuth's error token, according to the shape."),
      config::required<&ErrorRule::message>("message", "What the client may read."),
  };
  return rows;
}

std::span<const config::Option> ErrorProfileSettings::options() {
  static const std::array rows{
      config::option<&ErrorProfileSettings::shape>(
          "shape", "`fdx`: {\"code\",\"message\"}; `oauth`: {\"error\",\"error_description\"}."),
      config::option<&ErrorProfileSettings::code_type>(
          "code_type", "Whether FDX's code is written as an `integer` or as a `string`."),
      config::required<&ErrorProfileSettings::classes>(
          "classes", "A rule for every error class, by its name."),
  };
  return rows;
}

std::optional<ErrorProfile> make_profile(std::string name, const ErrorProfileSettings& settings,
                                         const config::Node& node, config::Findings& findings) {
  const auto names = class_names();
  bool good = true;
  for (const auto& [key, rule] : settings.classes) {
    if (std::find(names.begin(), names.end(), key) != names.end()) continue;
    findings.error(node, "there is no error class \"" + key + "\"; did you mean \"" +
                             std::string(closest(key, names.data(), names.size())) + "\"?");
    good = false;
  }
  ErrorProfile profile{std::move(name), settings.shape, settings.code_type, {}};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto rule = settings.classes.find(std::string(names[i]));
    if (rule == settings.classes.end()) {
      findings.error(node, "has no rule for the error class \"" + std::string(names[i]) + "\"");
      good = false;
    } else if (!code_is_good(rule->second, settings)) {
      findings.error(node, "the code of \"" + std::string(names[i]) + "\" is not a number");
      good = false;
    } else {
      profile.rules[i] = rule->second;
    }
  }
  if (!good) return std::nullopt;
  return profile;
}

std::vector<ErrorProfile> built_in_profiles() {
  std::vector<ErrorProfile> profiles;
  for (const BuiltInProfile& built_in : kBuiltInProfiles) {
    config::Findings findings;
    ErrorProfileSettings settings;
    const auto file = std::make_shared<const std::string>(built_in.name);
    const auto node = config::parse_yaml(built_in.yaml, file, findings);
    SALLYPORT_CHECK(node && config::decode(*node, settings, findings));
    auto profile = make_profile(std::string(built_in.name), settings, *node, findings);
    SALLYPORT_CHECK(profile.has_value());
    profiles.push_back(std::move(*profile));
  }
  return profiles;
}

}  // namespace sallyport::server
