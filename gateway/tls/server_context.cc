#include "gateway/tls/server_context.h"

#include <openssl/err.h>
#include <openssl/pool.h>

#include <utility>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/crypto/bytes.h"
#include "gateway/tls/presented_der.h"
#include "gateway/tls/ssl_setup.h"

namespace sallyport::tls {
namespace {

constexpr std::string_view kWildcard = "*.";
constexpr std::size_t kMaxName = 253;  // RFC 1035 section 2.3.4, without the root

std::string lower(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = to_lower(c);
  return out;
}

bool is_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxName) return false;
  bool is_good = true;
  for_each_piece(name, '.', [&is_good](std::string_view label) {
    is_good = is_good && !label.empty() && label.size() <= 63;
    for (const char c : label) {
      is_good = is_good && (is_alpha(c) || is_digit(c) || c == '-' || c == '_');
    }
  });
  return is_good;
}

// session_id_of binds tickets to the listener, the entry and the trust of today: a ticket of
// another policy is not resumed but leads to a full handshake.
crypto::Sha256 session_id_of(const ServerConfig& config, const SniEntry& entry) {
  std::string parts(crypto::as_text(crypto::sha256(config.listener)));
  parts += crypto::as_text(crypto::sha256(entry.id));
  if (entry.trust) parts += crypto::as_text(entry.trust->digest());
  return crypto::sha256(parts);
}

// subjects_of returns the names of the store's anchors as the library wants to own them.
bssl::UniquePtr<STACK_OF(CRYPTO_BUFFER)> subjects_of(const TrustStore& store) {
  // A long list costs every handshake, and clients with one certificate do not need it.
  constexpr std::size_t kMaxSubjects = 32;
  bssl::UniquePtr<STACK_OF(CRYPTO_BUFFER)> names(sk_CRYPTO_BUFFER_new_null());
  SALLYPORT_CHECK(names);
  // With pins, certificates of other issuers are welcome, too.
  if (store.subjects().size() > kMaxSubjects || store.has_pins()) return names;
  for (const auto& subject : store.subjects()) {
    SALLYPORT_CHECK(bssl::PushToStack(names.get(), bssl::UpRef(subject)));
  }
  return names;
}

}  // namespace

Result<std::shared_ptr<ServerContext>> ServerContext::make(
    std::shared_ptr<const ServerConfig> config, std::shared_ptr<const TicketKeys> tickets) {
  auto alpn = alpn_wire(config->alpn);
  if (!alpn) return alpn.error();
  std::shared_ptr<ServerContext> context(new ServerContext(std::move(config), std::move(tickets)));
  context->alpn_ = std::move(*alpn);
  auto indexed = context->index_names();
  if (!indexed) return indexed.error();
  context->set_up();
  return context;
}

ServerContext::~ServerContext() = default;

Result<void> ServerContext::index_names() {
  if (config_->default_entry && *config_->default_entry >= config_->entries.size()) {
    return Error{Fault::gateway, "the default certificate does not exist"};
  }
  for (std::size_t i = 0; i < config_->entries.size(); ++i) {
    const SniEntry& entry = config_->entries[i];
    if (entry.credentials == nullptr) {
      return Error{Fault::gateway, "the TLS entry " + entry.id + " has no certificate"};
    }
    for (const std::string& name : entry.names) {
      std::string key = lower(name);
      const bool is_wildcard = key.starts_with(kWildcard);
      if (is_wildcard) key.erase(0, kWildcard.size());
      if (!is_name(key)) return Error{Fault::gateway, "\"" + name + "\" is no server name"};
      if (!(is_wildcard ? wildcards_ : exact_).emplace(std::move(key), i).second) {
        return Error{Fault::gateway, "the server name " + name + " appears twice"};
      }
    }
    session_ids_.push_back(session_id_of(*config_, entry));
  }
  if (config_->entries.empty()) return Error{Fault::gateway, "there is no TLS certificate"};
  return {};
}

void ServerContext::set_up() {
  ssl_context_ = make_ssl_context(config_->min_version);
  SSL_CTX* ctx = ssl_context_.get();
  pool_.reset(CRYPTO_BUFFER_POOL_new());
  SALLYPORT_CHECK(pool_);
  SSL_CTX_set0_buffer_pool(ctx, pool_.get());
  SSL_CTX_set_app_data(ctx, this);
  SSL_CTX_set_msg_callback(ctx, TlsTransport::message_cb);
  SSL_CTX_set_select_certificate_cb(ctx, select_certificate_cb);
  SSL_CTX_set_tlsext_servername_callback(ctx, server_name_cb);
  SSL_CTX_set_tlsext_servername_arg(ctx, this);
  if (!alpn_.empty()) SSL_CTX_set_alpn_select_cb(ctx, alpn_cb, this);

  const auto lifetime = static_cast<std::uint32_t>(config_->ticket_lifetime.count());
  SSL_CTX_set_timeout(ctx, lifetime);
  SSL_CTX_set_session_psk_dhe_timeout(ctx, lifetime);
  // One ticket a handshake: it carries the client's chain, and a client needs no more than one.
  SSL_CTX_set_num_tickets(ctx, 1);
  if (tickets_ == nullptr) SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
  SSL_CTX_set_tlsext_ticket_key_cb(ctx, ticket_cb);
}

std::unique_ptr<TlsTransport> ServerContext::accept(int fd, std::string_view already_read) {
  auto pending = std::make_unique<PendingHandshake>();
  pending->verifier = &verifier_;
  pending->expected.role = Expectation::Role::client;
  std::unique_ptr<TlsTransport> transport(new TlsTransport(shared_from_this(), ssl_context_.get(),
                                                           fd, already_read, std::move(pending)));
  SSL_set_accept_state(transport->ssl_.get());
  return transport;
}

ServerContext& ServerContext::context_of(const SSL* ssl) {
  return *static_cast<ServerContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
}

const SniEntry* ServerContext::entry_for(std::string_view name) const {
  if (!name.empty()) {
    const std::string key(name);
    const auto exact = exact_.find(key);
    if (exact != exact_.end()) return &config_->entries[exact->second];
    // RFC 9525 section 6.3: the wildcard stands for exactly one label.
    const std::size_t dot = key.find('.');
    if (dot != std::string::npos && dot > 0) {
      const auto wildcard = wildcards_.find(key.substr(dot + 1));
      if (wildcard != wildcards_.end()) return &config_->entries[wildcard->second];
    }
  }
  return config_->default_entry ? &config_->entries[*config_->default_entry] : nullptr;
}

ChainVerifier::Verdict ServerContext::vouch(std::string_view sni,
                                            const crypto::VerifiedCertificate& shown,
                                            WallTime now) {
  const crypto::CertificateView& view = shown.view();
  const SniEntry* entry = entry_for(sni);
  if (entry == nullptr || !entry->trust) {
    return CertificateRefusal{RefusalReason::unknown_issuer,
                              "client certificates are not asked for any more under this name",
                              view.subject, view.issuer, view.serial};
  }
  const PresentedDer presented(view.der, view.chain_der);
  return verifier_.verify(presented.chain(), *entry->trust, {}, now);
}

// prepare gives the connection what its entry says. Before the decision on resumption.
bool ServerContext::prepare(SSL* ssl, PendingHandshake& pending) const {
  const SniEntry* entry = entry_for(pending.sni);
  if (entry == nullptr) {
    // The alert for it is the server name callback's to send.
    pending.is_sni_unknown = true;
    return true;
  }
  const auto index = static_cast<std::size_t>(entry - config_->entries.data());
  const crypto::Sha256& id = session_ids_[index];
  const auto chain = entry->credentials->chain();
  if (SSL_set_session_id_context(ssl, id.data(), id.size()) != 1 ||
      SSL_set_chain_and_key(ssl, chain.data(), chain.size(), entry->credentials->key(), nullptr) !=
          1) {
    return false;
  }
  if (entry->trust) {
    pending.trust = entry->trust;
    SSL_set_custom_verify(ssl, SSL_VERIFY_PEER, TlsTransport::verify_cb);
    SSL_set0_client_CAs(ssl, subjects_of(*entry->trust).release());
  }
  return true;
}

ssl_select_cert_result_t ServerContext::select_certificate_cb(const SSL_CLIENT_HELLO* hello) {
  PendingHandshake* pending = TlsTransport::pending_of(hello->ssl);
  SALLYPORT_CHECK(pending != nullptr);
  const char* name = SSL_get_servername(hello->ssl, TLSEXT_NAMETYPE_host_name);
  if (name != nullptr) pending->sni = lower(name);
  return context_of(hello->ssl).prepare(hello->ssl, *pending) ? ssl_select_cert_success
                                                              : ssl_select_cert_error;
}

int ServerContext::server_name_cb(SSL* ssl, int* out_alert, void*) {
  const PendingHandshake* pending = TlsTransport::pending_of(ssl);
  if (pending == nullptr || pending->is_sni_unknown) {
    *out_alert = SSL_AD_UNRECOGNIZED_NAME;  // RFC 6066 section 3
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  return pending->sni.empty() ? SSL_TLSEXT_ERR_NOACK : SSL_TLSEXT_ERR_OK;
}

int ServerContext::alpn_cb(SSL*, const std::uint8_t** out, std::uint8_t* out_size,
                           const std::uint8_t* in, unsigned in_size, void* self) {
  const std::string_view offered = crypto::view_of(in, in_size);
  std::string_view ours = static_cast<const ServerContext*>(self)->alpn_;
  while (!ours.empty()) {
    const std::size_t size = 1 + static_cast<std::uint8_t>(ours.front());
    const std::string_view wanted = ours.substr(0, size);
    for (std::size_t at = 0; at < offered.size();) {
      const std::size_t length = 1 + static_cast<std::uint8_t>(offered[at]);
      if (offered.substr(at, length) == wanted) {
        *out = in + at + 1;
        *out_size = static_cast<std::uint8_t>(length - 1);
        return SSL_TLSEXT_ERR_OK;
      }
      at += length;
    }
    ours.remove_prefix(size);
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;  // no_application_protocol, RFC 7301 section 3.2
}

}  // namespace sallyport::tls
