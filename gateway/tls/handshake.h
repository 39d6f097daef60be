#pragma once

// What a handshake comes to, in words that fit a log and a metric.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/crypto/verified_certificate.h"
#include "gateway/tls/refusal.h"

namespace sallyport::tls {

enum class HandshakeFailure : std::uint8_t {
  none,
  no_shared_version,
  no_shared_cipher,     // no suite or group in common
  no_shared_signature,  // no signature algorithm for our certificate
  no_shared_protocol,   // ALPN: the client insists on another protocol (RFC 7301 section 3.2)
  unknown_sni,          // no certificate for this name, or no name at all
  certificate_refused,  // `refusal` says why
  peer_alert,           // `peer_alert` is its number
  peer_closed,
  http_request_on_tls_port,
  protocol_error,
};

// to_string is stable: a log field and a metric label.
std::string_view to_string(HandshakeFailure failure);

struct HandshakeResult {
  enum class Outcome : std::uint8_t { done, again_read, again_write, failed };

  Outcome outcome = Outcome::done;
  // The rest is about a failed handshake.
  HandshakeFailure failure = HandshakeFailure::none;
  int peer_alert = -1;
  std::string text;  // for the operator
  std::optional<CertificateRefusal> refusal;
};

// ConnectionInfo is what a finished handshake settled.
struct ConnectionInfo {
  std::string_view version;  // "TLSv1.3"
  std::string_view cipher;   // IANA name, "TLS_AES_128_GCM_SHA256"
  std::string_view group;    // "X25519"; empty when no key was exchanged
  std::string sni;           // lower case; empty when none was sent
  std::string alpn;          // empty when none was settled
  bool resumed = false;
  std::shared_ptr<const crypto::VerifiedCertificate> peer;  // null: none was presented
};

}  // namespace sallyport::tls
