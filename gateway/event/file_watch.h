#pragma once

// FileWatch tells when files or folders may have changed, however they are replaced: written in
// place, renamed over, through a symlink that is pointed elsewhere, or with the whole folder above.

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/event/loop.h"
#include "gateway/event/watch.h"

namespace sallyport::event {

class FileWatch final : private WatchHandler, private TimerHandler {
 public:
  // `changed` is called when the paths have been quiet for `quiet` after a change, and at the
  // latest ten times as long after the first one. Which of them changed it does not say.
  FileWatch(Loop& loop, Milliseconds quiet, std::function<void()> changed);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // set watches `paths` (they need not exist) instead of what was watched before.
  void set(const std::vector<std::string>& paths);
  // suspect is as if something had changed: there was a time when nobody watched.
  void suspect();
  // is_blind: the kernel would not watch (some of) them, so that somebody must look now and then.
  bool is_blind() const { return is_blind_; }

 private:
  static constexpr int kMaxLinks = 40;  // as the kernel follows them
  // Names of interest in one watched folder; "" stands for all.
  using Names = std::set<std::string, std::less<>>;

  void on_readable() override;
  void on_writable() override {}
  void on_timer() override;
  bool take_events();
  void arm();
  void follow(const std::string& path);
  void watch(const std::string& folder, std::string_view name);

  Loop& loop_;
  const Milliseconds quiet_;
  std::function<void()> changed_;
  int fd_ = -1;
  std::unique_ptr<Watch> readable_;
  Timer timer_;
  MonoTime first_change_{};  // zero: nothing is pending
  std::vector<std::string> paths_;
  std::map<std::string, int> folders_;  // path to the kernel's number
  std::map<int, Names> interest_;
  bool is_blind_ = false;
};

}  // namespace sallyport::event
