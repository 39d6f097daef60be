#include "gateway/tls/client_context.h"

#include <unistd.h>

#include <utility>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/crypto/bytes.h"
#include "gateway/net/address.h"
#include "gateway/tls/ssl_setup.h"

namespace sallyport::tls {
namespace {

bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > 253 || host.front() == '.' || host.back() == '.') return false;
  for (const char c : host) {
    if (!is_alpha(c) && !is_digit(c) && c != '-' && c != '_' && c != '.') return false;
  }
  return true;
}

// session_index numbers the place of an SSL that points at its host's session.
int session_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

}  // namespace

Result<std::shared_ptr<ClientContext>> ClientContext::make(ClientConfig config) {
  SALLYPORT_CHECK((config.trust == nullptr) == config.insecure_skip_verify);
  const auto alpn = alpn_wire(config.alpn);
  if (!alpn) return alpn.error();
  std::shared_ptr<ClientContext> context(new ClientContext(std::move(config)));
  context->ssl_context_ = make_ssl_context(context->config_.min_version);
  SSL_CTX* ctx = context->ssl_context_.get();
  SSL_CTX_set_custom_verify(ctx, SSL_VERIFY_PEER, TlsTransport::verify_cb);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(ctx, session_cb);
  // Zero is success in this one function.
  SALLYPORT_CHECK(alpn->empty() ||
                  SSL_CTX_set_alpn_protos(ctx, crypto::data_of(*alpn),
                                          static_cast<unsigned>(alpn->size())) == 0);
  if (const auto& credentials = context->config_.credentials) {
    const auto chain = credentials->chain();
    SALLYPORT_CHECK(SSL_CTX_set_chain_and_key(ctx, chain.data(), chain.size(), credentials->key(),
                                              nullptr) == 1);
  }
  return context;
}

Result<std::unique_ptr<TlsTransport>> ClientContext::connect(int fd, std::string_view host) {
  const bool is_address = net::Address::parse(host).has_value();
  if (!is_address && !is_host_name(host)) {
    close(fd);
    return Error{Fault::gateway, "\"" + std::string(host.substr(0, 80)) +
                                     "\" is neither a host name nor an IP address"};
  }
  auto pending = std::make_unique<PendingHandshake>();
  pending->verifier = &verifier_;
  pending->trust = config_.trust;
  pending->peer_must_present = true;
  pending->expected = {Expectation::Role::server, std::string(host)};
  if (!is_address) pending->sni = host;
  std::unique_ptr<TlsTransport> transport(
      new TlsTransport(shared_from_this(), ssl_context_.get(), fd, {}, std::move(pending)));
  SSL* ssl = transport->ssl_.get();
  SSL_set_connect_state(ssl);
  // RFC 6066 section 3: an address is never sent as a server name.
  if (!is_address) SALLYPORT_CHECK(SSL_set_tlsext_host_name(ssl, std::string(host).c_str()) == 1);
  offer_session(ssl, std::string(host));
  return transport;
}

void ClientContext::offer_session(SSL* ssl, const std::string& host) {
  if (!config_.resumes_sessions) return;
  if (sessions_.size() >= kMaxHosts && !sessions_.contains(host)) return;
  Session& session = sessions_[host];
  SSL_set_ex_data(ssl, session_index(), &session);
  if (!session) return;
  SSL_set_session(ssl, session.get());
  // RFC 8446 appendix C.4: a ticket used twice links two connections.
  if (SSL_SESSION_should_be_single_use(session.get()) == 1) session.reset();
}

// session_cb is told of a session that may be resumed, in TLS 1.3 while reading.
int ClientContext::session_cb(SSL* ssl, SSL_SESSION* session) {
  auto* slot = static_cast<Session*>(SSL_get_ex_data(ssl, session_index()));
  if (slot == nullptr) return 0;
  slot->reset(session);
  return 1;
}

}  // namespace sallyport::tls
