#pragma once

// TlsTransport is a connection under TLS, of a server or a client: first the handshake, then the
// byte stream of event::Transport.

#include <openssl/base.h>
#include <openssl/ssl.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/event/transport.h"
#include "gateway/tls/chain_verifier.h"
#include "gateway/tls/handshake.h"
#include "gateway/tls/socket_bio.h"

namespace sallyport::tls {

class TlsTransport;

// PendingHandshake is what a connection needs until its handshake is over, and not longer.
struct PendingHandshake {
  TlsTransport* transport = nullptr;
  WallTime now;                             // of the current call
  ChainVerifier* verifier = nullptr;        // of the context, which outlives this
  std::shared_ptr<const TrustStore> trust;  // null: the peer is asked for no certificate
  Expectation expected;
  bool peer_must_present = false;
  std::string sni;
  bool is_sni_unknown = false;
  std::optional<CertificateRefusal> refusal;
  std::string shown;  // DER of the leaf that the client sent, whether or not it can be read
};

// Made by ServerContext::accept and ClientContext::connect. Belongs to one worker.
class TlsTransport final : public event::Transport {
 public:
  ~TlsTransport() override;
  TlsTransport(const TlsTransport&) = delete;
  TlsTransport& operator=(const TlsTransport&) = delete;

  // handshake goes as far as the socket lets it. `now` is what certificates are judged by. After
  // `done` or `failed` it is not called again; a failed transport is good for nothing but close.
  HandshakeResult handshake(WallTime now);
  // info is complete once handshake has returned `done`; after `failed` only its `sni` is known.
  const ConnectionInfo& info() const { return *info_; }
  // forget_info frees it, for a caller that keeps what it needs of it.
  void forget_info() { info_.reset(); }

  int fd() const override { return socket_.fd(); }
  event::IoResult read(std::span<char> to) override;
  bool has_buffered() const override;
  event::IoResult write(std::span<const iovec> pieces) override;
  // The handshake's octets are among them.
  std::int64_t overhead() const override;
  void close_write() override;

 private:
  friend class ServerContext;
  friend class ClientContext;

  // `owner` keeps the context alive.
  TlsTransport(std::shared_ptr<const void> owner, SSL_CTX* context, int fd,
               std::string_view already_read, std::unique_ptr<PendingHandshake> pending);
  // pending_of asks the socket, not the library's store of extra data, which would stay for good.
  static PendingHandshake* pending_of(const SSL* ssl);
  // verify_cb judges the peer's chain during a full handshake.
  static ssl_verify_result_t verify_cb(SSL* ssl, std::uint8_t* out_alert);
  // message_cb notes the certificate that a client sends, before the library looks at it.
  static void message_cb(int is_write, int version, int content_type, const void* message,
                         std::size_t size, SSL* ssl, void*);

  HandshakeResult finish();
  std::optional<CertificateRefusal> verify_peer(PendingHandshake& pending);
  void settle();
  event::IoResult take_sealed(std::span<const iovec> pieces);

  // Batch is the records of one write that wait for their send: where each ends, and what it holds.
  static constexpr std::size_t kMaxRecords = 4;
  struct Record {
    std::size_t end;
    std::size_t plaintext;
  };
  struct Batch {
    std::array<Record, kMaxRecords> records;
    std::size_t count = 0;
    std::size_t plaintext = 0;  // of all
  };
  Batch seal(std::span<const iovec> pieces);
  event::IoResult after_send(SocketBio::Flush flushed, const Batch& batch);

  std::shared_ptr<const void> owner_;
  SocketBio socket_;
  bssl::UniquePtr<SSL> ssl_;
  std::unique_ptr<PendingHandshake> pending_;
  std::unique_ptr<ConnectionInfo> info_ = std::make_unique<ConnectionInfo>();
  bool is_shaken_ = false;  // the library's part of the handshake is over
  bool is_broken_ = false;
  std::uint64_t plaintext_ = 0;  // bytes that were read
  std::size_t sealed_ = 0;       // bytes that the caller offers again, and that are sealed already
};

}  // namespace sallyport::tls
