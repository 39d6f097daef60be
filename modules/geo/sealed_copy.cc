#include "modules/geo/sealed_copy.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace sallyport::geo {
namespace {

Error failure(const char* what) {
  return {Fault::gateway,
          std::string("cannot be copied: ") + what + ": " + std::generic_category().message(errno)};
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Result<SealedCopy> SealedCopy::of(std::string_view bytes) {
  SealedCopy copy(::memfd_create("sallyport-geo", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (copy.fd_ < 0) return failure("memfd_create");
  if (!write_all(copy.fd_, bytes)) return failure("write");
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  if (::fcntl(copy.fd_, F_ADD_SEALS, kSeals) != 0) return failure("F_ADD_SEALS");
  return copy;
}

SealedCopy::SealedCopy(SealedCopy&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

SealedCopy::~SealedCopy() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace sallyport::geo
