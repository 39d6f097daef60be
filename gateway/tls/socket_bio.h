#pragma once

// SocketBio stands between the TLS library and a non-blocking socket. The library reads a record
// in two steps and writes each record alone; here a wake-up costs one recv into a large buffer, and
// all that one call produced leaves in one send.

#include <openssl/base.h>
#include <openssl/bio.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sallyport::tls {

class SocketBio {
 public:
  enum class Flush { clear, blocked, failed };

  // Owns the descriptor. `already_read` are bytes of the stream that somebody took before.
  SocketBio(int fd, std::string_view already_read);
  ~SocketBio();
  SocketBio(const SocketBio&) = delete;
  SocketBio& operator=(const SocketBio&) = delete;

  int fd() const { return fd_; }
  // make_bio returns the library's view on this object, which must outlive it.
  bssl::UniquePtr<BIO> make_bio();
  // of returns the object behind a BIO of make_bio.
  static SocketBio& of(BIO* bio);
  // user is whatever the owner wants to find again from the BIO.
  void* user() const { return user_; }
  void set_user(void* user) { user_ = user; }

  // begin and end frame one call into the library. end keeps what was read and not used.
  void begin();
  void end();
  // flush sends what the library has written since begin, after what waited before; what the
  // socket does not take waits.
  Flush flush();

  bool has_input() const { return saved_at_ < saved_.size(); }
  // has_unread says, within a call, whether the peer sent more than the library has taken.
  bool has_unread() const { return !input_.empty() || has_input(); }
  // may_have_more says, within a call, whether the library would find more if it asked.
  bool may_have_more() const { return has_unread() || !drained_; }
  bool has_output() const { return pending_at_ < pending_.size(); }
  // taken counts what the library has taken so far, in all calls.
  std::uint64_t taken() const { return taken_; }
  // written and sent count bytes since begin: what the library wrote, and what of it has left.
  std::size_t written() const;
  std::size_t sent() const { return sent_; }
  // peer_left says whether the socket ended or broke; its errno is zero at an end.
  bool peer_left() const { return peer_left_; }
  int socket_error() const { return socket_error_; }

 private:
  static int read_cb(BIO* bio, char* to, int size);
  static int write_cb(BIO* bio, const char* from, int size);
  static long ctrl_cb(BIO* bio, int command, long number, void* pointer);
  static const BIO_METHOD* method();

  int read(BIO* bio, char* to, std::size_t size);
  int hand_out(char* to, const char* from, std::size_t size);
  bool receive();
  Flush send_some(const char* data, std::size_t size, std::size_t& taken);

  void* user_ = nullptr;
  const int fd_;
  bool drained_ = false;  // the last recv of this call left nothing in the socket
  bool peer_left_ = false;
  int socket_error_ = 0;
  std::string_view input_;  // in the worker's buffer, between begin and end
  std::size_t sent_ = 0;
  std::uint64_t taken_ = 0;

  std::vector<char> saved_;  // read ahead in an earlier call
  std::size_t saved_at_ = 0;
  std::vector<char> pending_;  // what the socket did not take
  std::size_t pending_at_ = 0;
};

}  // namespace sallyport::tls
