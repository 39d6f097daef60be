#pragma once

// ClientContext is what a finished handshake knows of a connection; it lives as long as that.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/policy/exchange.h"
#include "gateway/policy/facts.h"
#include "gateway/server/connection_tally.h"
#include "gateway/tls/server_context.h"

namespace sallyport::server {

struct ClientContext {
  policy::ConnectionFacts facts;  // its views point into the members below or into static text
  // Who the client is; none: it presented no certificate.
  net::Endpoint client;
  std::shared_ptr<const crypto::VerifiedCertificate> certificate;
  std::string listener;
  std::string sni;
  std::shared_ptr<tls::ServerContext> tls;
  ConnectionTally::Seat seat;  // this connection, counted

  // initial_facts is what every exchange starts with.
  policy::Facts initial_facts() const {
    policy::Facts out;
    out.client_address = client.address;
    out.client_port = client.port;
    out.client_certificate = certificate;
    return out;
  }

  // serves says whether `host` is served under the same TLS policy as this connection's server
  // name: a request must not reach a host by a connection with weaker demands (RFC 9110 15.5.20).
  bool serves(std::string_view host) const;

  // follow judges the client's certificate by `current`, its listener's context of now, and goes
  // over to that. It returns why the certificate is not trusted any more, or nothing.
  std::optional<tls::CertificateRefusal> follow(std::shared_ptr<tls::ServerContext> current,
                                                WallTime now);
  // is_trusted says whether what vouched for the certificate, if one was shown, is in force.
  bool is_trusted(WallTime now) const {
    return !certificate || now.unix_seconds() <= certificate->valid_until();
  }
};

}  // namespace sallyport::server
