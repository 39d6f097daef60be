#include "gateway/tls/tls_transport.h"

#include <openssl/err.h>
#include <openssl/stack.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "gateway/base/check.h"

namespace sallyport::tls {
namespace {

using event::Io;
using event::IoResult;

// Octets without plaintext after which a read ends although there is room: records of one octet,
// and key updates, cost many times what their size says.
constexpr std::int64_t kMostOverhead = 16 * 1024;
constexpr std::size_t kMaxRecord = 16 * 1024;  // plaintext, RFC 8446 section 5.1

// clear_errors empties the thread's queue of errors; looking first is six times cheaper.
void clear_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

// Call frames a call into the library: nothing of it is left in the thread's buffers or in the
// queue of errors afterwards.
class Call {
 public:
  explicit Call(SocketBio& socket) : socket_(socket) {
    clear_errors();
    socket_.begin();
  }
  ~Call() {
    socket_.end();
    clear_errors();
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

 private:
  SocketBio& socket_;
};

std::size_t total(std::span<const iovec> pieces) {
  std::size_t sum = 0;
  for (const iovec& piece : pieces) sum += piece.iov_len;
  return sum;
}

// Pieces hands out at most a record at a time: small pieces are joined, so that a head and its body
// leave in one record; large ones are taken where they are.
class Pieces {
 public:
  explicit Pieces(std::span<const iovec> pieces) : pieces_(pieces) {}

  std::string_view next_record() {
    skip_empty();
    if (pieces_.empty()) return {};
    if (rest() >= kMaxRecord || pieces_.size() == 1) {
      const std::size_t size = std::min(rest(), kMaxRecord);
      const std::string_view record(here(), size);
      at_ += size;
      return record;
    }
    thread_local std::array<char, kMaxRecord> joined;
    std::size_t size = 0;
    for (skip_empty(); !pieces_.empty() && size < joined.size(); skip_empty()) {
      const std::size_t taken = std::min(rest(), joined.size() - size);
      std::memcpy(joined.data() + size, here(), taken);
      size += taken;
      at_ += taken;
    }
    return {joined.data(), size};
  }

 private:
  std::size_t rest() const { return pieces_.front().iov_len - at_; }
  const char* here() const { return static_cast<const char*>(pieces_.front().iov_base) + at_; }
  void skip_empty() {
    while (!pieces_.empty() && rest() == 0) {
      pieces_ = pieces_.subspan(1);
      at_ = 0;
    }
  }

  std::span<const iovec> pieces_;
  std::size_t at_ = 0;
};

}  // namespace

TlsTransport::TlsTransport(std::shared_ptr<const void> owner, SSL_CTX* context, int fd,
                           std::string_view already_read, std::unique_ptr<PendingHandshake> pending)
    : owner_(std::move(owner)),
      socket_(fd, already_read),
      ssl_(SSL_new(context)),
      pending_(std::move(pending)) {
  SALLYPORT_CHECK(ssl_);
  pending_->transport = this;
  // What only the handshake needs is freed when it is over.
  SSL_set_shed_handshake_config(ssl_.get(), 1);
  // Given the same object twice, the library takes one reference.
  socket_.set_user(pending_.get());
  BIO* bio = socket_.make_bio().release();
  SSL_set_bio(ssl_.get(), bio, bio);
}

TlsTransport::~TlsTransport() { ERR_clear_error(); }

IoResult TlsTransport::read(std::span<char> to) {
  if (is_broken_) return {Io::failed, 0};
  const Call call(socket_);
  const std::int64_t most_overhead = overhead() + kMostOverhead;
  std::size_t size = 0;
  int error = SSL_ERROR_NONE;
  while (size < to.size()) {
    const int room = static_cast<int>(std::min<std::size_t>(to.size() - size, 1 << 30));
    const int got = SSL_read(ssl_.get(), to.data() + size, room);
    if (got <= 0) {
      error = SSL_get_error(ssl_.get(), got);
      break;
    }
    size += static_cast<std::size_t>(got);
    plaintext_ += static_cast<std::size_t>(got);
    if (overhead() > most_overhead) break;
    // To ask once more, only to hear that there is nothing, would cost half of what the record did.
    if (!socket_.may_have_more() && SSL_has_pending(ssl_.get()) == 0) break;
  }
  // The library may have answered a key update, or sent an alert.
  const bool sent = socket_.flush() != SocketBio::Flush::failed;
  if (size > 0) return {Io::done, size};
  if (error == SSL_ERROR_ZERO_RETURN) return {Io::end, 0};
  if (error == SSL_ERROR_WANT_READ && sent) return {Io::again_read, 0};
  is_broken_ = true;
  return {Io::failed, 0};
}

std::int64_t TlsTransport::overhead() const {
  return static_cast<std::int64_t>(socket_.taken()) - static_cast<std::int64_t>(plaintext_);
}

bool TlsTransport::has_buffered() const {
  return SSL_pending(ssl_.get()) > 0 || socket_.has_input();
}

IoResult TlsTransport::write(std::span<const iovec> pieces) {
  if (is_broken_) return {Io::failed, 0};
  const Call call(socket_);
  const SocketBio::Flush flushed = socket_.flush();
  if (flushed != SocketBio::Flush::clear) return after_send(flushed, {});
  if (sealed_ > 0) return take_sealed(pieces);
  const Batch batch = seal(pieces);
  if (is_broken_) return {Io::failed, 0};
  return after_send(socket_.flush(), batch);
}

// take_sealed acknowledges what an earlier write sealed and has now left.
IoResult TlsTransport::take_sealed(std::span<const iovec> pieces) {
  const std::size_t taken = std::min(sealed_, total(pieces));
  sealed_ -= taken;
  return {Io::done, taken};
}

// seal makes records of the pieces, as many as fit one send.
TlsTransport::Batch TlsTransport::seal(std::span<const iovec> pieces) {
  Batch batch;
  Pieces source(pieces);
  for (; batch.count < kMaxRecords; ++batch.count) {
    const std::string_view record = source.next_record();
    if (record.empty()) break;
    const int written = SSL_write(ssl_.get(), record.data(), static_cast<int>(record.size()));
    if (written != static_cast<int>(record.size())) {
      is_broken_ = true;
      break;
    }
    batch.plaintext += record.size();
    batch.records[batch.count] = {socket_.written(), record.size()};
  }
  return batch;
}

// after_send says how much of the batch has left: whole records only. The rest is sealed, and
// the caller will offer it again.
IoResult TlsTransport::after_send(SocketBio::Flush flushed, const Batch& batch) {
  if (flushed == SocketBio::Flush::clear) return {Io::done, batch.plaintext};
  if (flushed == SocketBio::Flush::failed) {
    is_broken_ = true;
    return {Io::failed, 0};
  }
  std::size_t left = 0;
  for (std::size_t i = 0; i < batch.count; ++i) {
    if (batch.records[i].end <= socket_.sent()) left += batch.records[i].plaintext;
  }
  sealed_ += batch.plaintext - left;
  if (left > 0) return {Io::done, left};
  return {Io::again_write, 0};
}

void TlsTransport::close_write() {
  {
    const Call call(socket_);
    if (!is_broken_ && pending_ == nullptr) SSL_shutdown(ssl_.get());
    socket_.flush();
  }
  shutdown(socket_.fd(), SHUT_WR);
}

PendingHandshake* TlsTransport::pending_of(const SSL* ssl) {
  return static_cast<PendingHandshake*>(SocketBio::of(SSL_get_rbio(ssl)).user());
}

}  // namespace sallyport::tls
