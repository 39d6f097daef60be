#include "gateway/clients/fetch_follow.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sallyport::clients {
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
  const int fd_;
};

Error cannot_read(const std::string& path, std::string_view why) {
  return {Fault::dependency, "cannot read " + path + ": " + std::string(why)};
}

}  // namespace

Result<std::string> read_document(const std::string& path, std::size_t max_bytes) {
  // Without O_NONBLOCK, opening a pipe would wait for its writer.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return cannot_read(path, std::strerror(errno));
  struct stat about {};
  if (fstat(file.get(), &about) != 0) return cannot_read(path, std::strerror(errno));
  if (!S_ISREG(about.st_mode)) return cannot_read(path, "it is not a regular file");
  std::string text(max_bytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = read(file.get(), text.data() + size, text.size() - size);
    if (got < 0) return cannot_read(path, std::strerror(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > max_bytes) {
    return cannot_read(path, "it is larger than " + std::to_string(max_bytes) + " bytes");
  }
  text.resize(size);
  return text;
}

Follower::Follower(event::Loop& loop, FollowSource source, FollowTimes times, Hooks hooks)
    : loop_(loop),
      source_(std::move(source)),
      times_(times),
      hooks_(std::move(hooks)),
      last_success_(loop.mono()),
      retry_(times.first_retry),
      ticker_(loop, times.tick, [this] { on_tick(); }) {
  attempt();
}

Seconds Follower::age() const { return Seconds((loop_.mono().us - last_success_.us) / 1'000'000); }

void Follower::has_already(Seconds age) {
  has_document_ = true;
  last_success_ = loop_.mono() + Milliseconds(-1000 * age.count());
}

std::optional<Follower::Stamp> Follower::stamp_of(const std::string& path) {
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) return std::nullopt;
  return Stamp{about.st_dev, about.st_ino, about.st_size,
               about.st_mtim.tv_sec * 1'000'000'000 + about.st_mtim.tv_nsec};
}

void Follower::on_tick() {
  const MonoTime now = loop_.mono();
  is_wanted_ = hooks_.is_wanted() || is_wanted_;
  const bool may_hurry = is_wanted_ && now >= last_attempt_ + times_.wanted_gap;
  if (!fetching_.is_pending() && may_hurry) {
    attempt();
  } else if (!fetching_.is_pending() && now >= next_attempt_) {
    source_.url || !has_document_ ? attempt() : look_at_file();
  }
  if (has_document_ && now > last_success_ + times_.keep) {
    has_document_ = false;
    stamp_.reset();
    hooks_.too_old();
  }
}

// look_at_file takes a file that has not changed for one that was read and found good.
void Follower::look_at_file() {
  const auto stamp = stamp_of(source_.file);
  if (!stamp || stamp != stamp_) return attempt();
  note_success(times_.file_poll);
}

void Follower::read_now(std::function<void(Result<void>)> done) {
  told_.push_back(std::move(done));
  if (!fetching_.is_pending()) attempt();
}

void Follower::attempt() {
  ++attempts_;
  is_wanted_ = false;
  last_attempt_ = loop_.mono();
  if (source_.url) return begin_fetch();
  // Taken before reading: a change while we read shows at the next look.
  const auto stamp = stamp_of(source_.file);
  end(read_document(source_.file, times_.max_bytes), times_.file_poll);
  if (last_error_.empty()) stamp_ = stamp;
}

void Follower::begin_fetch() {
  // Made anew for every fetch, so that changed CAs need no restart.
  std::shared_ptr<tls::ClientContext> tls;
  if (source_.url->is_secure) {
    auto made = outbound_tls(source_.ca_file, loop_.wall());
    if (!made) return note_failure(made.error().text);
    tls = *std::move(made);
  }
  fetching_ =
      Fetcher(loop_, std::move(tls))
          .fetch({.url = *source_.url, .fields = {{"Accept", "application/json"}}, .body = {}},
                 {.timeout = times_.timeout, .max_body_bytes = times_.max_bytes});
  fetching_.then([this](Result<FetchResponse> response) {
    fetching_ = {};
    if (!response) return note_failure(response.error().text);
    if (response->status != 200) {
      return note_failure(source_.url->authority() + " answered with status " +
                          std::to_string(response->status));
    }
    const auto said = max_age_of(response->cache_control);
    end(std::move(response->body),
        said ? std::clamp(Milliseconds(*said), times_.least_refresh, times_.most_refresh)
             : times_.refresh);
  });
}

void Follower::end(Result<std::string> document, Milliseconds wait) {
  if (!document) return note_failure(document.error().text);
  if (auto accepted = hooks_.accept(*document); !accepted) {
    return note_failure(accepted.error().text);
  }
  has_document_ = true;
  note_success(wait);
}

void Follower::note_success(Milliseconds wait) {
  last_error_.clear();
  retry_ = times_.first_retry;
  last_success_ = loop_.mono();
  next_attempt_ = last_success_ + wait;
  tell({});
}

void Follower::note_failure(std::string text) {
  ++failures_;
  last_error_ = std::move(text);
  next_attempt_ = loop_.mono() + retry_;
  // Without any document nobody is served: the source's return must be noticed at once.
  if (has_document_) retry_ = std::min(retry_ * 2, times_.last_retry);
  hooks_.failed(last_error_);
  tell(Error{Fault::dependency, last_error_});
}

void Follower::tell(const Result<void>& outcome) {
  for (const auto& done : std::exchange(told_, {})) done(outcome);
}

}  // namespace sallyport::clients
