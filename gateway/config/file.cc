#include "gateway/config/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace sallyport::config {
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

}  // namespace

Result<FileContent> read_file(const std::string& path, std::size_t max_bytes) {
  // Without O_NONBLOCK, opening a pipe would wait for its writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return system_error();
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_error();
  if (!S_ISREG(status.st_mode)) return Error{Fault::gateway, "is not a regular file"};
  FileContent content;
  content.is_world_readable = (status.st_mode & S_IROTH) != 0;
  // One byte more than allowed tells a file that is too large from one that is just large enough,
  // even when it grows meanwhile.
  content.bytes.resize(max_bytes + 1);
  std::size_t used = 0;
  while (used < content.bytes.size()) {
    const ssize_t got =
        ::read(file.get(), content.bytes.data() + used, content.bytes.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error();
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  if (used > max_bytes) {
    return Error{Fault::gateway, "is larger than " + std::to_string(max_bytes) + " bytes"};
  }
  content.bytes.resize(used);
  return content;
}

std::string resolve_path(const Node& node, const std::string& path) {
  if (path.starts_with('/') || node.at.file == nullptr) return path;
  const std::size_t slash = node.at.file->rfind('/');
  return slash == std::string::npos ? path : node.at.file->substr(0, slash + 1) + path;
}

}  // namespace sallyport::config
