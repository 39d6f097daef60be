#pragma once

// SealedCopy is a nameless file in memory that nobody can change any more, we included.
//
// libmaxminddb opens files by name only, and maps what it opens. A mapping of the operator's own
// file would be our death (SIGBUS) at the moment when somebody truncates it, and would show half of
// the old and half of the new where somebody rewrites it in place.

#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace sallyport::geo {

class SealedCopy {
 public:
  static Result<SealedCopy> of(std::string_view bytes);
  SealedCopy(SealedCopy&& other) noexcept;
  SealedCopy& operator=(SealedCopy&&) = delete;
  ~SealedCopy();

  // path opens it, by this process and while this object lives. A mapping outlives both.
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  explicit SealedCopy(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace sallyport::geo
