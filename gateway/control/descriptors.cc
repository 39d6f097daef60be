#include "gateway/control/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

namespace sallyport::control {

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  return limit.rlim_cur;
}

std::size_t connections_for(std::size_t descriptors) {
  // Sockets, stores, files of the process itself; and a quarter of the rest is for upstreams.
  constexpr std::size_t kOwn = 64;
  const std::size_t rest = descriptors > kOwn ? descriptors - kOwn : 0;
  return std::max<std::size_t>(rest - rest / 4, 1);
}

}  // namespace sallyport::control
