#include "modules/oauth/oauth_form.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/base/text.h"
#include "modules/oauth/oauth_names.h"

namespace sallyport::oauth {
namespace {

// What is judged by. A client_id may have blanks.
constexpr std::string_view kClientId = "client_id";
constexpr std::array<std::string_view, 7> kJudged = {"grant_type",      "refresh_token", "token",
                                                     "subject_token",   "actor_token",   kClientId,
                                                     "client_assertion"};

bool is_blank(char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; }

Error problem(std::string text) { return {Fault::client, std::move(text)}; }

// check_octets: a form is made of printable characters; others are escaped by whoever makes one.
std::string check_octets(std::string_view body) {
  if (body.starts_with("\xef\xbb\xbf")) return "the body begins with a byte order mark";
  const std::size_t first = body.find_first_not_of(' ');
  if (first != body.npos && std::string_view("{[<").find(body[first]) != std::string_view::npos) {
    return "the body begins like JSON or XML, as which some servers read it whatever its type";
  }
  for (const char c : body) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == ';') return "the body has a ';', which some servers take for a separator";
    if (octet < ' ' || octet == 0x7f) return "the body has a control character or a line end";
  }
  return {};
}

// check_judged: servers that do not decode, decode twice, or cut at a second '=' must read the same
// value.
std::string check_judged(const OauthForm::Parameter& parameter) {
  const bool may_have_blanks = parameter.name == kClientId;
  const auto is_bad = [&](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet < ' ' || octet >= 0x7f || (!may_have_blanks && (c == ' ' || c == '%'));
  };
  if (std::ranges::any_of(parameter.value, is_bad)) {
    return parameter.name + " has a blank, '+', '%' or a character that is not printable ASCII";
  }
  if (parameter.raw.find('=') != parameter.raw.npos) {
    return parameter.name + " has a '=' that is not escaped";
  }
  return {};
}

std::string check_value(const OauthForm::Parameter& parameter) {
  const std::string& value = parameter.value;
  if (value.find('\0') != value.npos) return parameter.name + " has a NUL";
  if (!value.empty() && (is_blank(value.front()) || is_blank(value.back()))) {
    return parameter.name + " has blanks around its value";
  }
  return std::ranges::find(kJudged, parameter.name) == kJudged.end() ? std::string()
                                                                     : check_judged(parameter);
}

}  // namespace

std::optional<std::string> decode_escapes(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string check_name(std::string_view raw) {
  const auto decoded = decode_escapes(raw);
  if (!decoded) return "a parameter's name has a broken escape";
  if (decoded->empty()) return "a parameter has no name";
  const std::string_view meant = name_meant(raw);
  if (!meant.empty() && meant != raw) {
    return "a parameter is not called " + std::string(meant) +
           ", but some servers take it for that";
  }
  const auto is_bad = [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || static_cast<unsigned char>(c) >= 0x7f ||
           c == '%';
  };
  if (std::ranges::any_of(*decoded, is_bad)) {
    return "a parameter's name has a blank, '%' or a character that is not printable ASCII";
  }
  // Browsers let it say in which encoding the form is.
  if (equals_ignoring_case(*decoded, "_charset_")) return "_charset_ names another encoding";
  return {};
}

Result<OauthForm> OauthForm::read(std::string_view body) {
  if (auto text = check_octets(body); !text.empty()) return problem(std::move(text));
  OauthForm form;
  std::size_t count = 0;
  while (!body.empty()) {
    const std::string_view pair = body.substr(0, body.find('&'));
    body.remove_prefix(std::min(body.size(), pair.size() + 1));
    if (pair.empty()) continue;
    if (++count > kMaxParameters) return problem("there are more than 256 parameters");
    const std::size_t equals = pair.find('=');
    const std::string_view name = pair.substr(0, equals);
    if (auto text = check_name(name); !text.empty()) return problem(std::move(text));
    const auto raw = equals == pair.npos ? std::string_view() : pair.substr(equals + 1);
    auto value = decode_escapes(raw);
    if (!value) return problem("a parameter's value has a broken escape");
    if (!is_utf8(*value)) return problem("a parameter's value is not UTF-8");
    if (!is_oauth_name(name)) continue;
    const auto is_same = [&](const Parameter& other) { return other.name == name; };
    if (!may_repeat(name) && std::ranges::any_of(form.known_, is_same)) {
      return problem(std::string(name) + " stands twice");
    }
    form.known_.push_back({std::string(name), *std::move(value), raw});
    if (auto text = check_value(form.known_.back()); !text.empty()) return problem(std::move(text));
  }
  return form;
}

const OauthForm::Parameter* OauthForm::find(std::string_view name) const {
  const auto found = std::ranges::find(known_, name, &Parameter::name);
  return found == known_.end() || found->value.empty() ? nullptr : &*found;
}

std::string OauthForm::value(std::string_view name) const {
  const Parameter* found = find(name);
  return found == nullptr ? std::string() : found->value;
}

}  // namespace sallyport::oauth
