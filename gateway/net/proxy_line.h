#pragma once

#include <string_view>

#include "gateway/net/proxy_header.h"

namespace sallyport::net {

inline constexpr std::string_view kProxyLineSignature = "PROXY ";

// parse_proxy_line reads a header of version 1, whose signature is there.
ProxyResult parse_proxy_line(std::string_view bytes);

}  // namespace sallyport::net
