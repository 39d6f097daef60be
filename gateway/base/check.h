#pragma once

// SALLYPORT_CHECK guards what only a mistake of ours can break: it says where and aborts, and the
// service manager restarts the process. It is never used on input.

#include <cstdio>
#include <cstdlib>

#define SALLYPORT_CHECK(condition)                                                         \
  do {                                                                                     \
    if (!(condition)) [[unlikely]] {                                                       \
      std::fprintf(stderr, "check failed: %s at %s:%d\n", #condition, __FILE__, __LINE__); \
      std::abort();                                                                        \
    }                                                                                      \
  } while (false)
