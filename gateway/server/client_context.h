#pragma once

// ClientContext is what a finished handshake knows of a connection; it lives as long as that.

#include <memory>
#include <string>
#include <string_view>

#include "gateway/policy/exchange.h"
#include "gateway/policy/facts.h"
#include "gateway/server/connection_tally.h"
#include "gateway/tls/server_context.h"

namespace sallyport::server {

struct ClientContext {
  policy::ConnectionFacts facts;   // its views point into the members below or into static text
  policy::Facts client;            // address and certificate: what every exchange starts with
  std::string listener;
  std::string sni;
  std::shared_ptr<const tls::ServerContext> tls;
  ConnectionTally::Seat seat;      // this connection, counted

  // serves says whether `host` is served under the same TLS policy as this connection's server
  // name: a request must not reach a host by a connection with weaker demands (RFC 9110 15.5.20).
  bool serves(std::string_view host) const;
};

}  // namespace sallyport::server
