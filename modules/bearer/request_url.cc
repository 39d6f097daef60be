#include "modules/bearer/request_url.h"

#include <algorithm>

#include "gateway/base/text.h"

namespace sallyport::bearer {
namespace {

constexpr std::string_view kMark = "://";

bool is_unreserved(char c) {
  return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

// append_unescaped is RFC 3986 section 6.2.2.2, and of the escapes that stay 6.2.2.1.
bool append_unescaped(std::string& to, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      to += text[i];
      continue;
    }
    if (text.size() - i < 3) return false;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return false;
    const char c = static_cast<char>(high * 16 + low);
    if (is_unreserved(c)) {
      to += c;
    } else {
      to += '%';
      to += kDigits[static_cast<std::size_t>(high)];
      to += kDigits[static_cast<std::size_t>(low)];
    }
    i += 2;
  }
  return true;
}

// append_path is RFC 3986 section 5.2.4 for a path that begins with "/": each segment is written
// with the "/" before it, and ".." takes the one before away.
void append_path(std::string& to, std::string_view path) {
  const std::size_t start = to.size();
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(1, end - 1);
    const bool is_last = end == path.size();
    const bool is_dot = segment == "." || segment == "..";
    if (segment == ".." && to.size() > start) to.resize(to.rfind('/'));
    if (!is_dot) to.append(path.substr(0, end));
    if (is_dot && is_last) to += '/';
    path.remove_prefix(end);
  }
}

// append_authority writes host and port; an authority without a host is none.
bool append_authority(std::string& to, std::string_view scheme, std::string_view authority) {
  if (authority.find('@') != authority.npos) return false;
  // The colons of an IPv6 address stand in brackets.
  const std::size_t colon = authority.rfind(':');
  const bool has_port = colon != authority.npos && authority.find(']', colon) == authority.npos;
  const std::string_view host = authority.substr(0, has_port ? colon : authority.npos);
  const std::string_view port = has_port ? authority.substr(colon + 1) : "";
  if (host.empty() || !std::all_of(port.begin(), port.end(), is_digit)) return false;
  const std::size_t bracket = host.rfind(']');
  if (host.find(':', bracket == host.npos ? 0 : bracket) != host.npos) return false;
  std::string plain;
  if (!append_unescaped(plain, host)) return false;
  // Escapes of a host that stay are in capitals, whatever letters they stand for.
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const bool is_escape = plain[i] == '%';
    to.append(is_escape ? plain.substr(i, 3) : std::string(1, to_lower(plain[i])));
    if (is_escape) i += 2;
  }
  const std::string_view usual = scheme == "https" ? "443" : scheme == "http" ? "80" : "";
  if (!port.empty() && port != usual) to.append(":").append(port);
  return true;
}

}  // namespace

std::optional<std::string> normal_url(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const std::size_t mark = url.find(kMark);
  if (mark == url.npos || mark == 0) return std::nullopt;
  std::string normal;
  for (const char c : url.substr(0, mark)) {
    if (!is_alpha(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') return std::nullopt;
    normal += to_lower(c);
  }
  const std::string scheme = normal;
  normal += kMark;
  url.remove_prefix(mark + kMark.size());
  const std::size_t slash = std::min(url.find('/'), url.size());
  if (!append_authority(normal, scheme, url.substr(0, slash))) return std::nullopt;
  std::string path;
  if (!append_unescaped(path, url.substr(slash))) return std::nullopt;
  append_path(normal, path.empty() ? "/" : path);
  return normal;
}

bool is_same_url(std::string_view htu, std::string_view origin, std::string_view path) {
  if (!path.starts_with('/')) return false;
  const auto given = normal_url(htu);
  return given && given == normal_url(std::string(origin).append(path));
}

}  // namespace sallyport::bearer
