#include "gateway/base/core_dumps.h"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace sallyport {
namespace {

#ifdef SALLYPORT_SANITIZED
constexpr bool kStaysDumpable = true;
#else
constexpr bool kStaysDumpable = false;
#endif

// inherited returns the limit that the process was started with.
const rlimit& inherited() {
  static const rlimit limit = [] {
    rlimit now{};
    getrlimit(RLIMIT_CORE, &now);
    return now;
  }();
  return limit;
}

}  // namespace

void forbid_core_dumps() {
  // The hard limit stays, so that a reload with `core_dumps: true` can take this back.
  const rlimit none{0, inherited().rlim_max};
  if (kStaysDumpable) return;
  prctl(PR_SET_DUMPABLE, 0);
  setrlimit(RLIMIT_CORE, &none);
}

void allow_core_dumps() {
  prctl(PR_SET_DUMPABLE, 1);
  setrlimit(RLIMIT_CORE, &inherited());
}

}  // namespace sallyport
