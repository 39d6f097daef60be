#include "modules/oauth/oauth_names.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "gateway/base/text.h"

namespace sallyport::oauth {
namespace {

// In order, for the search. From the registry of OAuth parameters: what a client may send to the
// token, the revocation and the authorization endpoint.
constexpr std::array<std::string_view, 43> kNames = {"acr_values",
                                                     "actor_token",
                                                     "actor_token_type",
                                                     "assertion",
                                                     "audience",
                                                     "auth_req_id",
                                                     "authorization_details",
                                                     "claims",
                                                     "client_assertion",
                                                     "client_assertion_type",
                                                     "client_id",
                                                     "client_secret",
                                                     "code",
                                                     "code_challenge",
                                                     "code_challenge_method",
                                                     "code_verifier",
                                                     "device_code",
                                                     "dpop_jkt",
                                                     "grant_id",
                                                     "grant_type",
                                                     "id_token_hint",
                                                     "login_hint",
                                                     "max_age",
                                                     "nonce",
                                                     "password",
                                                     "prompt",
                                                     "redirect_uri",
                                                     "refresh_token",
                                                     "request",
                                                     "request_uri",
                                                     "requested_token_type",
                                                     "resource",
                                                     "response_mode",
                                                     "response_type",
                                                     "scope",
                                                     "state",
                                                     "subject_token",
                                                     "subject_token_type",
                                                     "ticket",
                                                     "token",
                                                     "token_type_hint",
                                                     "ui_locales",
                                                     "username"};
static_assert(std::ranges::is_sorted(kNames));

// known returns the entry of the table, which outlives `name`; empty: there is none.
std::string_view known(std::string_view name) {
  const auto at = std::ranges::lower_bound(kNames, name);
  return at != kNames.end() && *at == name ? *at : std::string_view();
}

bool is_blank(char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; }

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// decode_all decodes escapes as often as there are any; '+' is a blank. It only ever gets shorter.
std::string decode_all(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c == '+' ? ' ' : c;
    // An escape may have been put together by the one before it: look again at the end.
    while (out.size() >= 3 && out[out.size() - 3] == '%') {
      const int high = hex_value(out[out.size() - 2]);
      const int low = hex_value(out.back());
      if (high < 0 || low < 0) break;
      out.resize(out.size() - 3);
      out += static_cast<char>(high * 16 + low);
    }
  }
  return out;
}

// folded is `text` in lower case without outer blanks and octets beyond ASCII.
std::string folded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x80) out += to_lower(c);
  }
  return std::string(trim_blanks(out));
}

std::string_view known_with_underscores(std::string name) {
  for (char& c : name) {
    if (c == '.' || c == '-' || c == ' ' || c == '[') c = '_';
  }
  std::erase(name, ']');
  return known(name);
}

}  // namespace

bool is_oauth_name(std::string_view name) { return !known(name).empty(); }

bool may_repeat(std::string_view name) { return name == "resource" || name == "audience"; }

std::string_view name_meant(std::string_view text) {
  const std::string name = folded(decode_all(text));
  if (const auto found = known_with_underscores(name); !found.empty()) return found;
  // Up to a dot or NUL it may be an object or a text of which the rest is dropped.
  const std::string first(trim_blanks(
      std::string_view(name).substr(0, name.find_first_of(std::string_view(".\0", 2)))));
  if (const auto found = known_with_underscores(first); !found.empty()) return found;
  std::string_view rest = name;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find_first_of("[]"), rest.size());
    const std::string_view piece = trim_blanks(rest.substr(0, end));
    if (const auto found = known_with_underscores(std::string(piece)); !found.empty()) return found;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto octet = [&](std::size_t at) {
      return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
    };
    const unsigned first = octet(i);
    const std::size_t size = first < 0x80                    ? 1
                             : first >= 0xc2 && first < 0xe0 ? 2
                             : first >= 0xe0 && first < 0xf0 ? 3
                             : first >= 0xf0 && first < 0xf5 ? 4
                                                             : 0;
    if (size == 0) return false;
    for (std::size_t k = 1; k < size; ++k) {
      if ((octet(i + k) & 0xc0) != 0x80) return false;
    }
    const unsigned second = octet(i + 1);
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return false;
    if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return false;
    i += size;
  }
  return true;
}

}  // namespace sallyport::oauth
