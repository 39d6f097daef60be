#pragma once

// What server and client contexts have in common: versions, suites, groups, signatures.

#include <openssl/base.h>
#include <openssl/ssl.h>

#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/tls/version.h"

namespace sallyport::tls {

// make_ssl_context never fails: its settings are ours, and a wrong one is a mistake of ours.
bssl::UniquePtr<SSL_CTX> make_ssl_context(Version min_version);

// alpn_wire renders protocol names as ALPN sends them (RFC 7301 section 3.1).
Result<std::string> alpn_wire(const std::vector<std::string>& protocols);

}  // namespace sallyport::tls
