#include "modules/geo/database_source.h"

#include <utility>

#include "gateway/config/scalar.h"

namespace sallyport::geo {
namespace {

// A file that was changed this shortly before it was read may change again without a new stamp: the
// kernel's clock for files is coarse.
constexpr std::int64_t kFreshNs = 1'000'000'000;
// Between two looks at a file that changes.
constexpr Milliseconds kQuiet{200};

bool is_fresh(const FileStamp& stamp) {
  return wall_now().unix_ms * 1'000'000 - stamp.changed_ns < kFreshNs;
}

}  // namespace

std::string DatabaseSourceSettings::key() const {
  std::string text(to_string(kind));
  for (const std::string& part : {file, std::to_string(max_bytes), std::to_string(max_age.count()),
                                  std::to_string(check_every.count())}) {
    text.append("\n").append(part);
  }
  return text;
}

DatabaseSource::DatabaseSource(DatabaseSourceSettings settings) : settings_(std::move(settings)) {
  read_first();
}

Result<FileContent> DatabaseSource::read() const {
  const auto stamp = stamp_of(settings_.file);
  if (stamp && static_cast<std::uint64_t>(stamp->size) > settings_.max_bytes) {
    return Error{Fault::gateway, "is larger than `max_size`"};
  }
  auto content = read_file(settings_.file, settings_.max_bytes);
  if (content) return content;
  return Error{Fault::gateway, "cannot be read: " + content.error().text};
}

void DatabaseSource::read_first() {
  const auto content = read();
  if (!content) return fail(content.error().text);
  if (content->changed_meanwhile) return fail("is being written");
  auto database = Database::open(content->bytes, settings_.kind);
  if (!database) return fail(database.error().text);
  current_ = *std::move(database);
  if (!is_fresh(content->stamp)) taken_ = content->stamp;
}

void DatabaseSource::start(event::Loop& control, event::Broadcast& broadcast) {
  broadcast_ = &broadcast;
  publish(current_);
  watch_ = std::make_unique<event::FileWatch>(control, kQuiet, [this] { look(); });
  watch_->set({settings_.file});
  timer_ = std::make_unique<event::Every>(control, settings_.check_every, [this] { look(); });
}

// look reads a file that has changed, once it has stayed the same from one look to the next:
// whoever rewrites it in place is then done, and what is read is no mixture.
void DatabaseSource::look() {
  const auto stamp = stamp_of(settings_.file);
  if (!stamp) {
    taken_ = seen_ = std::nullopt;
    if (problem_.empty()) fail("is gone");
    return;
  }
  if (stamp == taken_) return;
  if (stamp == std::exchange(seen_, stamp)) return take(*stamp);
  watch_->suspect();  // so that it is looked at once more
}

void DatabaseSource::take(const FileStamp& stamp) {
  const auto content = read();
  if (content && content->changed_meanwhile) return watch_->suspect();
  taken_ = content ? content->stamp : stamp;
  problem_.clear();
  if (!content) return fail(content.error().text);
  if (content->bytes == current_->bytes()) return;
  auto database = Database::open(content->bytes, settings_.kind);
  if (!database) return fail(database.error().text);
  ++replacements_;
  publish(*std::move(database));
}

void DatabaseSource::fail(std::string problem) {
  ++failures_;
  problem_ = std::move(problem);
}

void DatabaseSource::publish(std::shared_ptr<const Database> database) {
  // The old one is kept until no worker has it, so that it is unmapped here and not by one of them.
  auto old = std::exchange(current_, std::move(database));
  live_->publish(*broadcast_, current_, [old = std::move(old)] {});
}

bool DatabaseSource::is_stale() const {
  return current_ && wall_now().unix_seconds() - current_->built_at() > settings_.max_age.count();
}

std::vector<std::string> DatabaseSource::problems() const {
  std::vector<std::string> all;
  const std::string subject = settings_.file;
  if (!problem_.empty()) {
    all.push_back(subject + ": " + problem_ +
                  (current_ ? "; the database read before stays in use" : ""));
  }
  if (is_stale()) {
    all.push_back(subject + ": the database in use was built more than " +
                  config::show(settings_.max_age) + " ago");
  }
  return all;
}

void DatabaseSource::metrics(std::vector<policy::Metric>& to) const {
  const auto add = [&](std::string_view name, std::string_view help, bool is_counter,
                       double value) {
    to.push_back(
        {name, help, is_counter, "database", std::string(to_string(settings_.kind)), value});
  };
  add("geo_database_build_timestamp_seconds", "When the database in use was built.", false,
      current_ ? static_cast<double>(current_->built_at()) : 0);
  add("geo_database_stale", "1 when the database in use is older than `max_age`.", false,
      is_stale() ? 1 : 0);
  add("geo_database_up", "1 when the database's file is the one in use.", false,
      problem_.empty() ? 1 : 0);
  add("geo_database_reloads_total", "Databases that replaced the one in use.", true,
      static_cast<double>(replacements_));
  add("geo_database_reload_failures_total", "Changes of the file that were not taken over.", true,
      static_cast<double>(failures_));
}

}  // namespace sallyport::geo
