#include "gateway/event/file_watch.h"

#include <limits.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <filesystem>
#include <utility>

#include "gateway/base/text.h"

namespace sallyport::event {
namespace {

// What can make a path lead to other content. IN_CLOSE_WRITE and not IN_MODIFY: a file is of use
// when its writer is done.
constexpr std::uint32_t kChanges = IN_CREATE | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE |
                                   IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;

std::deque<std::string> pieces_of(std::string_view path) {
  std::deque<std::string> pieces;
  for_each_piece(path, '/', [&](std::string_view piece) {
    if (!piece.empty() && piece != ".") pieces.emplace_back(piece);
  });
  return pieces;
}

// parent_of takes the last piece off; the parent of the root is the root.
std::string parent_of(const std::string& folder) {
  const std::size_t slash = folder.rfind('/');
  return slash == std::string::npos ? std::string() : folder.substr(0, slash);
}

}  // namespace

FileWatch::FileWatch(Loop& loop, Milliseconds quiet, std::function<void()> changed)
    : loop_(loop),
      quiet_(quiet),
      changed_(std::move(changed)),
      timer_(loop, static_cast<TimerHandler&>(*this)) {}

FileWatch::~FileWatch() {
  readable_.reset();
  if (fd_ >= 0) close(fd_);
}

void FileWatch::set(const std::vector<std::string>& paths) {
  paths_.clear();
  for (const std::string& path : paths) {
    std::error_code error;
    paths_.push_back(std::filesystem::absolute(path, error).string());
  }
  arm();
}

// arm starts anew with a descriptor of its own: the kernel's watches follow folders, not paths, and
// which folders lead to a path may have changed.
void FileWatch::arm() {
  const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  readable_.reset();
  if (fd_ >= 0) close(fd_);
  fd_ = fd;
  folders_.clear();
  interest_.clear();
  is_blind_ = fd < 0;
  if (fd < 0) return;
  for (const std::string& path : paths_) follow(path);
  readable_ = std::make_unique<Watch>(loop_, fd_, static_cast<WatchHandler&>(*this));
  readable_->want_read(true);
}

// follow watches every name that the path goes through, those of symlinks' targets included.
void FileWatch::follow(const std::string& path) {
  std::deque<std::string> left = pieces_of(path);
  std::string folder;  // without the last slash, so empty for the root
  int links = 0;
  while (!left.empty()) {
    const std::string piece = std::move(left.front());
    left.pop_front();
    if (piece == "..") {
      folder = parent_of(folder);
      continue;
    }
    watch(folder, piece);
    const std::string here = folder + "/" + piece;
    std::array<char, PATH_MAX> target{};
    const ssize_t size = readlink(here.c_str(), target.data(), target.size());
    if (size < 0) {
      folder = here;
      continue;
    }
    if (++links > kMaxLinks) return;
    const std::string_view to(target.data(), static_cast<std::size_t>(size));
    std::deque<std::string> pieces = pieces_of(to);
    left.insert(left.begin(), pieces.begin(), pieces.end());
    if (to.starts_with('/')) folder.clear();
  }
  // If it is a folder, whatever is in it counts; otherwise the kernel refuses, which is fine.
  watch(folder, "");
}

void FileWatch::watch(const std::string& folder, std::string_view name) {
  const auto known = folders_.find(folder);
  int number = known != folders_.end() ? known->second : -1;
  if (number < 0) {
    const std::string path = folder.empty() ? "/" : folder;
    number = inotify_add_watch(fd_, path.c_str(), kChanges | IN_ONLYDIR);
    // What is not there is watched for in the folder above; what the limits forbid is not.
    if (number < 0) {
      is_blind_ = is_blind_ || errno == ENOSPC || errno == ENOMEM;
      return;
    }
    folders_[folder] = number;
  }
  interest_[number].emplace(name);
}

void FileWatch::on_readable() {
  if (!take_events()) return;
  // New folders are watched before the files in them are read: nothing falls in between.
  arm();
  suspect();
}

void FileWatch::suspect() {
  const MonoTime now = loop_.mono();
  if (first_change_.us == 0) first_change_ = now;
  const bool waited_long = now > first_change_ + 10 * quiet_;
  timer_.arm(waited_long ? Milliseconds(0) : quiet_);
}

// take_events says whether any of what happened is about our paths.
bool FileWatch::take_events() {
  alignas(inotify_event) std::array<char, 16 * 1024> buffer;
  bool ours = false;
  for (;;) {
    const ssize_t size = read(fd_, buffer.data(), buffer.size());
    if (size <= 0) return ours;
    for (ssize_t at = 0; at < size;) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = buffer.data() + at + sizeof event;
      at += static_cast<ssize_t>(sizeof event + event.len);
      const auto names = interest_.find(event.wd);
      if ((event.mask & IN_Q_OVERFLOW) != 0) ours = true;
      if (names == interest_.end()) continue;
      // Without a name it is the folder itself that went away.
      ours = ours || event.len == 0 || names->second.contains("") ||
             names->second.contains(std::string_view(name));
    }
  }
}

void FileWatch::on_timer() {
  first_change_ = {};
  changed_();
}

}  // namespace sallyport::event
