#include "gateway/base/replace_file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "gateway/base/text.h"

namespace sallyport {
namespace {

// File closes what it holds; close() is for whom the result matters.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() { close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  bool close() {
    const int fd = fd_;
    fd_ = -1;
    return fd < 0 || ::close(fd) == 0;
  }

 private:
  int fd_;
};

// hidden_name is one that nobody can have foreseen.
std::string hidden_name(const std::string& name) {
  char random[8];
  if (getrandom(random, sizeof random, 0) != sizeof random) return {};
  return "." + name + "." + to_hex({random, sizeof random}) + ".new";
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// write_new leaves nothing behind when it fails; errno says why.
bool write_new(int folder, const std::string& name, std::string_view text) {
  constexpr mode_t kMode = 0644;
  File file(
      openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kMode));
  if (!file.is_open()) return false;
  if (write_all(file.get(), text) && fsync(file.get()) == 0 && file.close()) return true;
  const int why = errno;
  unlinkat(folder, name.c_str(), 0);
  errno = why;
  return false;
}

}  // namespace

Result<void> replace_file(const std::string& path, std::string_view text) {
  const auto failed = [&path] {
    return Error{Fault::gateway, path + ": cannot be written: " + std::strerror(errno)};
  };
  const std::size_t slash = path.rfind('/');
  const std::string place = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const std::string name = path.substr(slash == std::string::npos ? 0 : slash + 1);
  const File folder(open(place.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::string half = hidden_name(name);
  if (!folder.is_open() || half.empty()) return failed();
  if (!write_new(folder.get(), half, text)) return failed();
  if (renameat(folder.get(), half.c_str(), folder.get(), name.c_str()) != 0) {
    const int why = errno;
    unlinkat(folder.get(), half.c_str(), 0);
    errno = why;
    return failed();
  }
  if (fsync(folder.get()) != 0) return failed();
  return {};
}

}  // namespace sallyport
