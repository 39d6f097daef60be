#include "gateway/tls/handshake_failure.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cstring>

namespace sallyport::tls {
namespace {

HandshakeFailure failure_of(int reason) {
  switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_INAPPROPRIATE_FALLBACK:
      return HandshakeFailure::no_shared_version;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_GROUP:
      return HandshakeFailure::no_shared_cipher;
    case SSL_R_NO_COMMON_SIGNATURE_ALGORITHMS:
      return HandshakeFailure::no_shared_signature;
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return HandshakeFailure::no_shared_protocol;
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
      return HandshakeFailure::http_request_on_tls_port;
    default:
      return HandshakeFailure::protocol_error;
  }
}

HandshakeResult failed(HandshakeFailure failure, std::string text) {
  HandshakeResult result;
  result.outcome = HandshakeResult::Outcome::failed;
  result.failure = failure;
  result.text = std::move(text);
  return result;
}

}  // namespace

std::string_view to_string(HandshakeFailure failure) {
  switch (failure) {
    case HandshakeFailure::none:
      return "none";
    case HandshakeFailure::no_shared_version:
      return "no_shared_version";
    case HandshakeFailure::no_shared_cipher:
      return "no_shared_cipher";
    case HandshakeFailure::no_shared_signature:
      return "no_shared_signature";
    case HandshakeFailure::no_shared_protocol:
      return "no_shared_protocol";
    case HandshakeFailure::unknown_sni:
      return "unknown_sni";
    case HandshakeFailure::certificate_refused:
      return "certificate_refused";
    case HandshakeFailure::peer_alert:
      return "peer_alert";
    case HandshakeFailure::peer_closed:
      return "peer_closed";
    case HandshakeFailure::http_request_on_tls_port:
      return "http_request_on_tls_port";
    case HandshakeFailure::protocol_error:
      break;
  }
  return "protocol_error";
}

HandshakeResult library_failure(std::uint32_t error, const SocketBio& socket) {
  const int reason = ERR_GET_REASON(error);
  const bool is_tls = error != 0 && ERR_GET_LIB(error) == ERR_LIB_SSL;
  if (is_tls && reason >= SSL_AD_REASON_OFFSET) {
    const int alert = reason - SSL_AD_REASON_OFFSET;
    auto result =
        failed(HandshakeFailure::peer_alert, std::string("the peer sent the alert \"") +
                                                 SSL_alert_desc_string_long(alert) + "\"");
    result.peer_alert = alert;
    return result;
  }
  if (is_tls) {
    const char* text = ERR_reason_error_string(error);
    return failed(failure_of(reason), text != nullptr ? text : "unknown error");
  }
  if (socket.peer_left()) {
    return failed(HandshakeFailure::peer_closed, socket.socket_error() == 0
                                                     ? "the peer closed the connection"
                                                     : std::string("the connection broke: ") +
                                                           std::strerror(socket.socket_error()));
  }
  return failed(HandshakeFailure::protocol_error, "the handshake failed");
}

}  // namespace sallyport::tls
