#pragma once

// Transport is a byte stream over a non-blocking descriptor: plain here, TLS in the tls room.

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace sallyport::event {

enum class Io { done, again_read, again_write, end, failed };

// IoResult: `done` carries the bytes moved (at least one); `again_*` says what to wait for; `end`
// is the peer's orderly close; `failed` is final.
struct IoResult {
  Io outcome = Io::done;
  std::size_t bytes = 0;
};

class Transport {
 public:
  virtual ~Transport() = default;
  virtual int fd() const = 0;
  // read moves at most `to.size()` bytes. May be called again at once; has_buffered says whether
  // that yields bytes without the kernel.
  virtual IoResult read(std::span<char> to) = 0;
  virtual bool has_buffered() const { return false; }
  // write takes the pieces in order and may take a part. After again_*, the next write must begin
  // with the same bytes, as TLS may have sealed them.
  virtual IoResult write(std::span<const iovec> pieces) = 0;
  // overhead counts, from the first octet on, those received that carried nothing of the stream:
  // heads and seals of records, empty ones, key updates. A record of which a part has come counts
  // whole, until the rest is there.
  virtual std::int64_t overhead() const { return 0; }
  // discard throws away what waits in the kernel, at most `scratch.size()` octets: nothing is
  // decrypted, and no other read may follow. For connections of which only the peer's close is
  // awaited. What a stream socket holds is dropped without a copy (MSG_TRUNC, tcp(7)).
  IoResult discard(std::span<char> scratch);
  // close_write says goodbye in the transport's own way, without waiting.
  virtual void close_write() = 0;
};

// PlainTransport owns a connected socket.
class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(int fd) : fd_(fd) {}
  ~PlainTransport() override;
  PlainTransport(const PlainTransport&) = delete;
  PlainTransport& operator=(const PlainTransport&) = delete;

  int fd() const override { return fd_; }
  IoResult read(std::span<char> to) override;
  IoResult write(std::span<const iovec> pieces) override;
  void close_write() override;

 private:
  int fd_;
};

}  // namespace sallyport::event
