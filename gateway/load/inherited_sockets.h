#pragma once

// Sockets that the process was started with: a service manager holds them open over a restart, so
// that connections wait in their queue meanwhile (sd_listen_fds(3): LISTEN_PID, LISTEN_FDS).

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/file.h"
#include "gateway/base/result.h"

namespace sallyport::load {

class InheritedSockets {
 public:
  // take_from_environment takes what is meant for this process, and removes the variables, so that
  // no child believes them. Call it once, before anything else opens descriptors. What cannot be
  // served from (another kind of socket, one that does not listen) becomes a fault.
  static InheritedSockets take_from_environment();

  // for_workers returns `workers` descriptors, owned by the caller, that accept for that address as
  // the configuration writes it: one for each worker; workers share them when there are fewer
  // sockets. Empty: no socket is for that address. The sockets themselves stay open here:
  // connections that come while nobody accepts wait for whoever inherits the sockets next.
  Result<std::vector<int>> for_workers(std::string_view address, std::size_t workers);

  // unused returns the addresses of sockets that no listener has asked for.
  std::vector<std::string> unused() const;
  // faults says what was handed over and cannot be served from, a sentence each.
  const std::vector<std::string>& faults() const { return faults_; }

 private:
  struct Socket {
    Descriptor fd;
    std::string address;
    bool is_used = false;
  };
  void take(int fd);

  std::vector<Socket> sockets_;
  std::vector<std::string> faults_;
};

}  // namespace sallyport::load
