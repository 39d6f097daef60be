#pragma once

// Follower keeps up with one document, in a file or at a URL, on the control loop: it reads it at
// once, then as soon as the file changes or the time has come, sooner when somebody wants it, and
// again after a failure. What the document means is its owner's business.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/file.h"
#include "gateway/base/result.h"
#include "gateway/clients/fetch.h"
#include "gateway/clients/url.h"
#include "gateway/event/file_watch.h"
#include "gateway/event/loop.h"
#include "gateway/event/watch.h"

namespace sallyport::clients {

// FollowSource is a file, or else a URL.
struct FollowSource {
  std::string file;
  std::optional<Url> url;
  std::string ca_file;  // for https; empty: the system's CAs
};

struct FollowTimes {
  Milliseconds refresh = Seconds(15 * 60);  // between two readings of a URL that does not say
  // What the server says with Cache-Control holds between these.
  Milliseconds least_refresh = Seconds(60);
  Milliseconds most_refresh = Seconds(60 * 60);
  Milliseconds keep = Seconds(24 * 60 * 60);  // how long the last good document is good for
  Milliseconds file_poll = Seconds(2);        // between two looks at a file that nobody tells about
  Milliseconds wanted_gap = Seconds(10);      // between two readings because somebody asked
  Milliseconds first_retry = Seconds(1);      // after a failure; doubles while there is a document
  Milliseconds last_retry = Seconds(60);
  Milliseconds timeout = Seconds(10);  // of one fetch
  Milliseconds tick{250};              // how often all this is looked at
  std::size_t max_bytes = 1024 * 1024;
};

class Follower {
 public:
  struct Hooks {
    // accept takes a document over, or says why it is not good: then the one before stays.
    std::function<Result<void>(std::string_view document)> accept;
    // is_wanted is asked at every tick whether a newer document is wanted.
    std::function<bool()> is_wanted;
    // too_old is told once when there was no success for the time to keep.
    std::function<void()> too_old;
    // failed is told why a reading failed, every time.
    std::function<void(const std::string& why)> failed = [](const std::string&) {};
  };

  // A file is read before this returns; a fetch is under way.
  Follower(event::Loop& loop, FollowSource source, FollowTimes times, Hooks hooks);

  // read_now reads at once, whatever the budget; `done` is told how it ended, on this loop.
  void read_now(std::function<void(Result<void>)> done);

  // has_already says that the owner has a document that was read so long ago, by an earlier
  // process: the time to keep it counts from then.
  void has_already(Seconds age);

  // last_error says why the last reading failed; empty after a success.
  const std::string& last_error() const { return last_error_; }
  // age is the time since the last success, or since the start when there was none.
  Seconds age() const;
  std::uint64_t attempts() const { return attempts_; }
  std::uint64_t failures() const { return failures_; }

 private:
  void on_tick();
  void look_at_file();
  void attempt();
  void begin_fetch();
  // end takes the document over; `wait` is the time to the next reading.
  void end(Result<std::string> document, Milliseconds wait);
  void note_success(Milliseconds wait);
  void note_failure(std::string text);
  void tell(const Result<void>& outcome);

  event::Loop& loop_;
  const FollowSource source_;
  const FollowTimes times_;
  const Hooks hooks_;

  MonoTime last_success_;
  MonoTime last_attempt_;
  MonoTime next_attempt_;
  Milliseconds retry_{};
  std::vector<std::function<void(Result<void>)>> told_;  // when the reading under way has ended
  bool is_wanted_ = false;
  bool has_document_ = false;
  std::optional<FileStamp> stamp_;  // of the file that was accepted last
  std::string last_error_;
  std::uint64_t attempts_ = 0;
  std::uint64_t failures_ = 0;

  event::Task<FetchResponse> fetching_;
  event::Every ticker_;
  std::unique_ptr<event::FileWatch> watch_;  // of a file
};

// read_document reads a regular file of at most `max_bytes`; the error names the path.
Result<std::string> read_document(const std::string& path, std::size_t max_bytes);

}  // namespace sallyport::clients
