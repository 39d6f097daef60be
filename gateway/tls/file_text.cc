#include "gateway/tls/file_text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sallyport::tls {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Error failure(const std::string& path, const std::string& problem) {
  return {Fault::gateway, path + ": " + problem};
}

}  // namespace

Result<FileText> read_file(const std::string& path, std::size_t limit, Links links) {
  const int follow = links == Links::refused ? O_NOFOLLOW : 0;
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | follow));
  struct stat status {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0) {
    return failure(path, std::string("cannot be read: ") + std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) return failure(path, "is not a file");

  FileText out;
  out.others_can_read = (status.st_mode & S_IROTH) != 0;
  out.text.resize(limit + 1);
  std::size_t size = 0;
  while (size < out.text.size()) {
    const ssize_t got = read(file.get(), out.text.data() + size, out.text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure(path, std::string("cannot be read: ") + std::strerror(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > limit) {
    return failure(path, "is larger than " + std::to_string(limit) + " bytes, the limit for it");
  }
  out.text.resize(size);
  return out;
}

}  // namespace sallyport::tls
