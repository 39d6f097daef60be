#include "gateway/base/file.h"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "gateway/base/text.h"

namespace sallyport {
namespace {

Error system_error() { return {Fault::gateway, std::strerror(errno)}; }

FileStamp stamp_from(const struct stat& status) {
  return {status.st_dev, status.st_ino, status.st_size,
          std::int64_t{status.st_ctim.tv_sec} * 1'000'000'000 + status.st_ctim.tv_nsec};
}

void wipe(std::string& bytes) { explicit_bzero(bytes.data(), bytes.size()); }

// read_all reads up to the end, or one byte more than `max_bytes`, which tells a file that is too
// large, even one that grows meanwhile. It returns false on an error.
bool read_all(int fd, std::size_t expected, std::size_t max_bytes, std::string& bytes) {
  constexpr std::size_t kLeast = 255;
  bytes.resize(std::min(std::max(expected, kLeast), max_bytes) + 1);
  std::size_t used = 0;
  for (;;) {
    if (used == bytes.size()) {
      if (used > max_bytes) return true;
      std::string larger(std::min(2 * used, max_bytes + 1), '\0');
      bytes.copy(larger.data(), used);
      wipe(bytes);
      bytes.swap(larger);
    }
    const ssize_t got = ::read(fd, bytes.data() + used, bytes.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  bytes.resize(used);
  return true;
}

// hidden_name is one that nobody can have foreseen.
std::string hidden_name(const std::string& name) {
  char random[8];
  if (getrandom(random, sizeof random, 0) != sizeof random) return {};
  return "." + name + "." + to_hex({random, sizeof random}) + ".new";
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// write_new leaves nothing behind when it fails; errno says why.
bool write_new(int folder, const std::string& name, std::string_view text, mode_t mode) {
  Descriptor file(
      ::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!file.is_open()) return false;
  if (write_all(file.get(), text) && ::fsync(file.get()) == 0 && file.close()) return true;
  const int why = errno;
  ::unlinkat(folder, name.c_str(), 0);
  errno = why;
  return false;
}

}  // namespace

bool Descriptor::close() {
  const int fd = std::exchange(fd_, -1);
  return fd < 0 || ::close(fd) == 0;
}

std::optional<FileStamp> stamp_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return stamp_from(status);
}

Result<FileContent> read_file(const std::string& path, std::size_t max_bytes, Links links) {
  // Without O_NONBLOCK, opening a pipe would wait for its writer.
  const int follow = links == Links::refused ? O_NOFOLLOW : 0;
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | follow));
  struct stat before {};
  struct stat after {};
  if (!file.is_open() || ::fstat(file.get(), &before) != 0) return system_error();
  if (!S_ISREG(before.st_mode)) return Error{Fault::gateway, "it is not a regular file"};
  FileContent content;
  const bool is_read =
      read_all(file.get(), static_cast<std::size_t>(before.st_size), max_bytes, content.bytes);
  if (!is_read || ::fstat(file.get(), &after) != 0) {
    const Error error = system_error();
    wipe(content.bytes);
    return error;
  }
  if (content.bytes.size() > max_bytes) {
    wipe(content.bytes);
    return Error{Fault::gateway, "it is larger than " + std::to_string(max_bytes) + " bytes"};
  }
  content.stamp = stamp_from(before);
  content.changed_meanwhile = stamp_from(after) != content.stamp;
  content.others_can_read = (before.st_mode & S_IROTH) != 0;
  return content;
}

Result<void> write_file(const std::string& path, std::string_view text, mode_t mode) {
  const auto failed = [&path] {
    return Error{Fault::gateway, path + ": cannot be written: " + std::strerror(errno)};
  };
  const std::size_t slash = path.rfind('/');
  const std::string place = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const std::string name = path.substr(slash == std::string::npos ? 0 : slash + 1);
  const Descriptor folder(::open(place.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::string half = hidden_name(name);
  if (!folder.is_open() || half.empty()) return failed();
  if (!write_new(folder.get(), half, text, mode)) return failed();
  if (::renameat(folder.get(), half.c_str(), folder.get(), name.c_str()) != 0) {
    const int why = errno;
    ::unlinkat(folder.get(), half.c_str(), 0);
    errno = why;
    return failed();
  }
  if (::fsync(folder.get()) != 0) return failed();
  return {};
}

}  // namespace sallyport
