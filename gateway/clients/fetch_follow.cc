#include "gateway/clients/fetch_follow.h"

#include <algorithm>
#include <utility>

namespace sallyport::clients {
namespace {

// Writers take a moment between the parts of a change.
constexpr Milliseconds kQuiet{200};

}  // namespace

Result<std::string> read_document(const std::string& path, std::size_t max_bytes) {
  auto content = read_file(path, max_bytes);
  if (content) return std::move(content->bytes);
  return Error{Fault::dependency, "cannot read " + path + ": " + content.error().text};
}

Follower::Follower(event::Loop& loop, FollowSource source, FollowTimes times, Hooks hooks)
    : loop_(loop),
      source_(std::move(source)),
      times_(times),
      hooks_(std::move(hooks)),
      last_success_(loop.mono()),
      retry_(times.first_retry),
      ticker_(loop, times.tick, [this] { on_tick(); }) {
  if (!source_.url) {
    watch_ = std::make_unique<event::FileWatch>(loop, kQuiet, [this] { look_at_file(); });
    watch_->set({source_.file});
  }
  attempt();
}

Seconds Follower::age() const { return Seconds((loop_.mono().us - last_success_.us) / 1'000'000); }

void Follower::has_already(Seconds age) {
  has_document_ = true;
  last_success_ = loop_.mono() + Milliseconds(-1000 * age.count());
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
