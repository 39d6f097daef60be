#include "gateway/clients/fetch_idle.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace sallyport::clients {
namespace {

// is_quiet says whether nothing has come since the last answer: neither an end nor, what is worse,
// an answer that nobody has asked for. TLS may have read it ahead, so that the kernel has it no
// more.
bool is_quiet(const event::Transport& transport) {
  if (transport.has_buffered()) return false;
  char byte = 0;
  const ssize_t got = recv(transport.fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace

void IdleConnections::give(std::string authority, std::unique_ptr<event::Transport> transport,
                           MonoTime now) {
  if (list_.size() >= kMax) list_.erase(list_.begin());
  list_.push_back({std::move(authority), std::move(transport), now});
}

std::unique_ptr<event::Transport> IdleConnections::take(const std::string& authority,
                                                        MonoTime now) {
  std::erase_if(list_, [&](const Idle& idle) {
    return now > idle.since + kMaxIdle || !is_quiet(*idle.transport);
  });
  for (auto idle = list_.rbegin(); idle != list_.rend(); ++idle) {
    if (idle->authority != authority) continue;
    auto transport = std::move(idle->transport);
    list_.erase(std::next(idle).base());
    return transport;
  }
  return nullptr;
}

}  // namespace sallyport::clients
