// The handshake of a TlsTransport.

#include <openssl/err.h>
#include <openssl/stack.h>

#include <array>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/tls/handshake_failure.h"
#include "gateway/tls/library_refusal.h"
#include "gateway/tls/tls_transport.h"

namespace sallyport::tls {
namespace {

using Outcome = HandshakeResult::Outcome;

HandshakeResult again(Outcome outcome) {
  HandshakeResult result;
  result.outcome = outcome;
  return result;
}

HandshakeResult refused(CertificateRefusal refusal) {
  HandshakeResult result;
  result.outcome = Outcome::failed;
  result.failure = HandshakeFailure::certificate_refused;
  result.text = refusal.text;
  result.refusal = std::move(refusal);
  return result;
}

HandshakeResult unknown_sni(const std::string& name) {
  HandshakeResult result;
  result.outcome = Outcome::failed;
  result.failure = HandshakeFailure::unknown_sni;
  result.text = name.empty() ? "the client named no server, and there is no default certificate"
                             : "there is no certificate for the name that the client asked for";
  return result;
}

}  // namespace

HandshakeResult TlsTransport::handshake(WallTime now) {
  SALLYPORT_CHECK(pending_ != nullptr);
  pending_->now = now;
  HandshakeResult result;
  {
    // The library's errors and the thread's buffers are looked at before the call is over.
    ERR_clear_error();
    socket_.begin();
    const int status = is_shaken_ ? 1 : SSL_do_handshake(ssl_.get());
    const int error = status == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), status);
    const std::uint32_t queued = ERR_peek_error();
    if (status == 1) {
      result = is_shaken_ ? HandshakeResult{} : finish();
    } else if (error == SSL_ERROR_WANT_READ) {
      result = again(Outcome::again_read);
    } else {
      result = library_failure(queued, socket_);
      if (pending_->is_sni_unknown) result = unknown_sni(pending_->sni);
      if (auto refusal = library_refusal(pending_->shown)) result = refused(std::move(*refusal));
      if (pending_->refusal) result = refused(std::move(*pending_->refusal));
    }
    const SocketBio::Flush flushed = socket_.flush();
    socket_.end();
    ERR_clear_error();
    if (result.outcome != Outcome::failed && flushed == SocketBio::Flush::blocked) {
      return again(Outcome::again_write);
    }
    if (result.outcome != Outcome::failed && flushed == SocketBio::Flush::failed) {
      result = library_failure(0, socket_);
    }
  }
  if (result.outcome == Outcome::failed) is_broken_ = true;
  if (result.outcome == Outcome::done || result.outcome == Outcome::failed) {
    socket_.set_user(nullptr);
    info_->sni = std::move(pending_->sni);
    pending_.reset();
  }
  return result;
}

// finish looks at the peer once more after every handshake: a resumed one brings the chain from
// its ticket, and only the current store may vouch for it.
HandshakeResult TlsTransport::finish() {
  is_shaken_ = true;
  if (auto refusal = verify_peer(*pending_)) {
    SSL_send_fatal_alert(ssl_.get(), alert_for(refusal->reason));
    return refused(std::move(*refusal));
  }
  settle();
  // The library keeps a session ticket (a kilobyte with the client's chain in it) until something
  // is written. A client that has sent no request yet may send none for long: it gets its ticket
  // now.
  if (SSL_is_server(ssl_.get()) == 1 && !socket_.has_unread()) SSL_write(ssl_.get(), "", 0);
  return {};
}

std::optional<CertificateRefusal> TlsTransport::verify_peer(PendingHandshake& pending) {
  info_->peer = nullptr;
  if (pending.trust == nullptr) return std::nullopt;
  const STACK_OF(CRYPTO_BUFFER)* sent = SSL_get0_peer_certificates(ssl_.get());
  const std::size_t count = sent == nullptr ? 0 : sk_CRYPTO_BUFFER_num(sent);
  if (count == 0 && !pending.peer_must_present) return std::nullopt;

  // One more than the verifier looks at, so that it sees that there are too many.
  std::array<CRYPTO_BUFFER*, ChainVerifier::kMaxPresented + 1> chain;
  const std::size_t taken = std::min(count, chain.size());
  for (std::size_t i = 0; i < taken; ++i) chain[i] = sk_CRYPTO_BUFFER_value(sent, i);
  auto verdict = pending.verifier->verify({chain.data(), taken}, *pending.trust, pending.expected,
                                          pending.now);
  if (auto* refusal = std::get_if<CertificateRefusal>(&verdict)) return std::move(*refusal);
  info_->peer = std::get<ChainVerifier::Verified>(std::move(verdict));
  return std::nullopt;
}

ssl_verify_result_t TlsTransport::verify_cb(SSL* ssl, std::uint8_t* out_alert) {
  PendingHandshake* pending = pending_of(ssl);
  SALLYPORT_CHECK(pending != nullptr && pending->transport != nullptr);
  pending->refusal = pending->transport->verify_peer(*pending);
  if (!pending->refusal) return ssl_verify_ok;
  *out_alert = alert_for(pending->refusal->reason);
  return ssl_verify_invalid;
}

void TlsTransport::message_cb(int is_write, int, int content_type, const void* message,
                              std::size_t size, SSL* ssl, void*) {
  if (is_write != 0 || content_type != SSL3_RT_HANDSHAKE) return;
  PendingHandshake* pending = pending_of(ssl);
  if (pending == nullptr || pending->trust == nullptr) return;
  const std::string_view leaf =
      leaf_of({static_cast<const char*>(message), size}, SSL_version(ssl));
  if (!leaf.empty()) pending->shown = leaf;
}

void TlsTransport::settle() {
  info_->version = SSL_get_version(ssl_.get());
  const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl_.get());
  info_->cipher = cipher == nullptr ? "" : SSL_CIPHER_standard_name(cipher);
  const char* group = SSL_get_curve_name(SSL_get_curve_id(ssl_.get()));
  info_->group = group == nullptr ? "" : group;
  info_->resumed = SSL_session_reused(ssl_.get()) == 1;
  const std::uint8_t* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &protocol, &size);
  info_->alpn.assign(reinterpret_cast<const char*>(protocol), size);
}

}  // namespace sallyport::tls
