#include "gateway/proxy/alpn_stream.h"

#include <utility>

#include "gateway/proxy/upstream_connection.h"

namespace sallyport::proxy {

AlpnConnection::AlpnConnection(const UpstreamContext& context, const Server& server, Owner* owner)
    : context_(context), server_(server), owner_(owner) {}

bool AlpnConnection::has_room() const {
  return !is_settled_ && streams_.size() < H2UpstreamConnection::kAssumedStreams;
}

void AlpnConnection::join(AlpnStream& stream) {
  streams_.push_back(&stream);
  if (dial_) return;
  dial_ = std::make_unique<Dial>(context_, server_, static_cast<DialListener&>(*this));
  dial_->start();
}

void AlpnConnection::on_dialled(std::unique_ptr<event::Transport> transport, Protocol protocol) {
  const auto self = shared_from_this();  // the streams let go of it
  is_settled_ = true;
  dial_.reset();
  const auto streams = std::exchange(streams_, {});
  if (protocol == Protocol::h2) {
    auto h2 = std::make_shared<H2UpstreamConnection>(context_, server_);
    h2->adopt(std::move(transport));
    if (owner_ != nullptr) owner_->on_settled(h2);
    for (AlpnStream* stream : streams) stream->become_h2(h2);
    return;
  }
  if (owner_ != nullptr) owner_->on_settled(nullptr);
  // Who hoped to share the connection needs one of its own now.
  for (std::size_t i = 1; i < streams.size(); ++i) {
    streams[i]->wait_for(std::make_shared<AlpnConnection>(context_, server_, owner_));
  }
  streams.front()->become_http1(std::move(transport));
}

void AlpnConnection::on_dial_failed(const Failure& failure) {
  const auto self = shared_from_this();
  is_settled_ = true;
  for (AlpnStream* stream : std::exchange(streams_, {})) stream->fail(failure);
}

AlpnStream::AlpnStream(std::shared_ptr<AlpnConnection> connection)
    : connection_(std::move(connection)) {}

AlpnStream::~AlpnStream() {
  if (connection_) connection_->leave(*this);
}

void AlpnStream::connect(UpstreamListener& listener) {
  listener_ = &listener;
  connection_->join(*this);
}

void AlpnStream::become_idle(UpstreamStream::IdleOwner& owner) {
  idle_owner_ = &owner;
  settled_->become_idle(*this);
}

void AlpnStream::become_h2(std::shared_ptr<H2UpstreamConnection> connection) {
  connection_.reset();
  settled_ = std::make_unique<H2UpstreamStream>(std::move(connection));
  settled_->connect(*listener_);
}

void AlpnStream::become_http1(std::unique_ptr<event::Transport> transport) {
  auto http1 = std::make_unique<UpstreamConnection>(connection_->context_, connection_->server_);
  connection_.reset();
  UpstreamConnection& connection = *http1;
  settled_ = std::move(http1);
  connection.adopt(std::move(transport), *listener_);
}

void AlpnStream::wait_for(std::shared_ptr<AlpnConnection> connection) {
  connection_ = std::move(connection);
  connection_->join(*this);
}

void AlpnStream::fail(const Failure& failure) {
  connection_.reset();
  listener_->on_upstream_failed(failure);
}

}  // namespace sallyport::proxy
