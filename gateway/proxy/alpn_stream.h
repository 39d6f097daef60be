#pragma once

// Streams to servers whose protocol is settled by ALPN (RFC 7301) while the connection is made.

#include <cstddef>
#include <memory>
#include <vector>

#include "gateway/proxy/dial.h"
#include "gateway/proxy/h2_upstream.h"
#include "gateway/proxy/upstream_stream.h"

namespace sallyport::proxy {

class AlpnStream;

// AlpnConnection is a connection until its handshake has settled the protocol. It is owned by the
// streams that wait for it, and ends with the last of them.
class AlpnConnection final : public std::enable_shared_from_this<AlpnConnection>,
                             private DialListener {
 public:
  class Owner {
   public:
    // on_settled: `h2` is the connection if it is one of HTTP/2, and null if of HTTP/1.1. Told
    // before the streams are, so that other requests find it.
    virtual void on_settled(std::shared_ptr<H2UpstreamConnection> h2) = 0;

   protected:
    ~Owner() = default;
  };

  // All outlive the connection; without an owner nobody is told.
  AlpnConnection(const UpstreamContext& context, const Server& server, Owner* owner);

  // has_room says whether another stream may wait for it, in the hope of HTTP/2.
  bool has_room() const;

 private:
  friend class AlpnStream;

  void on_dialled(std::unique_ptr<event::Transport> transport, Protocol protocol) override;
  void on_dial_failed(const Failure& failure) override;

  // For the streams. join connects when the first does, and may tell it of a failure at once.
  void join(AlpnStream& stream);
  void leave(AlpnStream& stream) { std::erase(streams_, &stream); }

  const UpstreamContext& context_;
  const Server& server_;
  Owner* const owner_;
  std::unique_ptr<Dial> dial_;  // until the protocol is settled
  std::vector<AlpnStream*> streams_;
  bool is_settled_ = false;
};

// AlpnStream waits for its connection and is then one of the protocol that was settled.
class AlpnStream final : public UpstreamStream, private UpstreamStream::IdleOwner {
 public:
  explicit AlpnStream(std::shared_ptr<AlpnConnection> connection);
  ~AlpnStream() override;

  void connect(UpstreamListener& listener) override;
  void reuse(UpstreamListener& listener) override { settled_->reuse(listener); }
  void become_idle(UpstreamStream::IdleOwner& owner) override;
  bool is_reusable() const override { return settled_ && settled_->is_reusable(); }
  bool is_quiet() override { return settled_->is_quiet(); }
  bool was_reused() const override { return settled_ && settled_->was_reused(); }

  void send_request(const http::RequestHead& head, Arena& arena) override {
    settled_->send_request(head, arena);
  }
  void send_body(std::string_view piece) override { settled_->send_body(piece); }
  void send_end(const http::Fields& trailers) override { settled_->send_end(trailers); }
  std::size_t unsent() const override { return settled_ ? settled_->unsent() : 0; }
  // There is nothing to pause before the request.
  void want_response(bool yes) override {
    if (settled_) settled_->want_response(yes);
  }

 private:
  friend class AlpnConnection;

  void on_idle_end(UpstreamStream&) override { idle_owner_->on_idle_end(*this); }

  // For the connection.
  void become_h2(std::shared_ptr<H2UpstreamConnection> connection);
  void become_http1(std::unique_ptr<event::Transport> transport);
  void wait_for(std::shared_ptr<AlpnConnection> connection);
  void fail(const Failure& failure);

  std::shared_ptr<AlpnConnection> connection_;  // null once it is settled, or has failed
  std::unique_ptr<UpstreamStream> settled_;     // null until then
  UpstreamListener* listener_ = nullptr;        // of the connecting
  UpstreamStream::IdleOwner* idle_owner_ = nullptr;
};

}  // namespace sallyport::proxy
