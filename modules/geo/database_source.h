#pragma once

// DatabaseSource keeps one database as new as its file, on the control thread. A file that is not
// good changes nothing: the database in use stays, and the operator is told.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/file.h"
#include "gateway/event/file_watch.h"
#include "gateway/event/live.h"
#include "gateway/event/watch.h"
#include "gateway/policy/module.h"
#include "modules/geo/database.h"

namespace sallyport::geo {

// DatabaseSourceSettings is all that the behaviour of a source depends on.
struct DatabaseSourceSettings {
  DatabaseKind kind{};
  std::string file;
  std::size_t max_bytes = 0;
  Seconds max_age{0};
  Milliseconds check_every{0};

  // key tells apart sources that differ in any of these.
  std::string key() const;
};

class DatabaseSource final : public policy::Service {
 public:
  // Reads the file at once. Without a good one, is_usable is false and nothing is ever published.
  explicit DatabaseSource(DatabaseSourceSettings settings);

  void start(event::Loop& control, event::Broadcast& broadcast) override;
  void metrics(std::vector<policy::Metric>& to) const override;
  std::vector<std::string> problems() const override;

  bool is_usable() const { return current_ != nullptr; }
  // live is what plans hold on to: unlike this object it may be destroyed on any thread.
  std::shared_ptr<const event::Live<Database>> live() const { return live_; }

 private:
  Result<FileContent> read() const;
  void read_first();
  void look();
  void take(const FileStamp& stamp);
  void fail(std::string problem);
  void publish(std::shared_ptr<const Database> database);
  bool is_stale() const;

  const DatabaseSourceSettings settings_;
  const std::shared_ptr<event::Live<Database>> live_ = std::make_shared<event::Live<Database>>();
  // Of the control thread:
  event::Broadcast* broadcast_ = nullptr;
  std::unique_ptr<event::FileWatch> watch_;
  std::unique_ptr<event::Every> timer_;  // for changes that the kernel does not tell
  std::shared_ptr<const Database> current_;
  std::optional<FileStamp> taken_;  // of what was read last, good or not
  std::optional<FileStamp> seen_;   // at the last look
  std::string problem_;             // with the file as it is now; empty: none
  std::uint64_t replacements_ = 0;
  std::uint64_t failures_ = 0;
};

}  // namespace sallyport::geo
