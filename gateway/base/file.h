#pragma once

// Files: a descriptor with an owner, the one way to read a file whole, the one way to tell that it
// changed, and the one way to write one. All of it may block: for the control thread only.

#include <fcntl.h>
#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/base/result.h"

namespace sallyport {

// Descriptor closes what it holds.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  // close is for whom the result matters: false if the kernel reported an error (errno).
  bool close();

 private:
  int fd_;
};

// FileStamp differs after every change of a file's content, permissions or name: it has the time of
// change (ctime), which nobody can set back, as rsync does with the time of modification. A file
// that is changed twice within one tick of the kernel's clock (some milliseconds) may keep it.
struct FileStamp {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t changed_ns = 0;  // Unix time
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

// stamp_of follows links, so that switching a link counts as a change. Nothing: no such file.
std::optional<FileStamp> stamp_of(const std::string& path);

// Links in the file's own place; those in the path before it are followed in any case.
enum class Links { followed, refused };

struct FileContent {
  std::string bytes;
  FileStamp stamp;                 // from before it was read
  bool changed_meanwhile = false;  // while it was read: `bytes` may be a mixture
  bool others_can_read = false;    // every user of this machine
};

// read_file reads a regular file of at most `max_bytes`. It never waits for a pipe or a device. The
// error completes the sentence "PATH cannot be read: ". No copy of the content stays in memory but
// the one that is returned, so a secret can be wiped.
Result<FileContent> read_file(const std::string& path, std::size_t max_bytes,
                              Links links = Links::followed);

// write_file puts `text` into the file at `path`, whole or not at all: into a new file beside it
// whose name nobody can foresee, to the disk, and renamed there; then the folder goes to the disk,
// too. No link is followed, neither one in the file's place nor one that somebody who may write to
// the folder has prepared. The file gets `mode` less the process's mask. The error names the path;
// then the file is as it was before, unless only the folder could not be synced.
Result<void> write_file(const std::string& path, std::string_view text, mode_t mode = 0644);

}  // namespace sallyport
