#include "gateway/admin/host_check.h"

#include <algorithm>

#include "gateway/base/text.h"

namespace sallyport::admin {
namespace {

// without_port takes `:digits` off, and the brackets of an IPv6 address; nothing is left of what is
// neither.
std::string_view without_port(std::string_view host) {
  host = trim(host);
  const std::size_t bracket = host.rfind(']');
  const std::size_t colon =
      host.find(':', host.starts_with('[') && bracket != host.npos ? bracket : 0);
  if (colon != std::string_view::npos) {
    const std::string_view port = host.substr(colon + 1);
    if (port.empty() || !std::ranges::all_of(port, is_digit)) return {};
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) return host.substr(1, host.size() - 2);
  return host;
}

}  // namespace

bool is_meant(const event::OperatorRequest& request, std::string_view address,
              const std::vector<std::string>& names) {
  if (request.hosts.empty()) return request.is_http_1_0;
  return std::ranges::all_of(request.hosts, [&](const std::string& text) {
    const std::string_view host = without_port(text);
    const auto is_host = [host](std::string_view name) { return equals_ignoring_case(host, name); };
    return !host.empty() &&
           (is_host(address) || is_host("localhost") || std::ranges::any_of(names, is_host));
  });
}

}  // namespace sallyport::admin
