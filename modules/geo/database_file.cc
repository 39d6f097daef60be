#include "modules/geo/database_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace sallyport::geo {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

Error system_error() { return {Fault::gateway, std::generic_category().message(errno)}; }

FileStamp stamp_from(const struct stat& status) {
  return {status.st_dev, status.st_ino, status.st_size,
          std::int64_t{status.st_ctim.tv_sec} * 1'000'000'000 + status.st_ctim.tv_nsec};
}

// read_all fills `to`; false: an error, or the file ended before.
bool read_all(int fd, std::string& to) {
  std::size_t used = 0;
  while (used < to.size()) {
    const ssize_t got = ::read(fd, to.data() + used, to.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    used += static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace

std::optional<FileStamp> stamp_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return stamp_from(status);
}

Result<std::optional<FileImage>> read_image(const std::string& path, std::size_t max_bytes) {
  // Without O_NONBLOCK, opening a pipe would wait for its writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat before {};
  struct stat after {};
  if (file.get() < 0 || ::fstat(file.get(), &before) != 0) return system_error();
  if (!S_ISREG(before.st_mode)) return Error{Fault::gateway, "is not a regular file"};
  if (static_cast<std::uint64_t>(before.st_size) > max_bytes) {
    return Error{Fault::gateway, "is larger than `max_size`"};
  }
  FileImage image;
  image.stamp = stamp_from(before);
  image.bytes.resize(static_cast<std::size_t>(before.st_size));
  const bool is_whole = read_all(file.get(), image.bytes);
  if (::fstat(file.get(), &after) != 0) return system_error();
  if (!is_whole || stamp_from(after) != image.stamp) return std::optional<FileImage>();
  return std::optional(std::move(image));
}

}  // namespace sallyport::geo
