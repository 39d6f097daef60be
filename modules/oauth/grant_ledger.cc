#include "modules/oauth/grant_ledger.h"

#include <algorithm>
#include <utility>

namespace sallyport::oauth {
namespace {

constexpr Milliseconds kTick{1000};
constexpr std::size_t kSweepStep = 512;

}  // namespace

void GrantLedger::start(event::Loop& control, event::Broadcast&) {
  loop_ = &control;
  door_->open(control, *this);
  try_open();
  every_.emplace(control, kTick, [this] { tick(); });
}

void GrantLedger::try_open() {
  auto store = clients::LmdbStore::open({folder_, max_bytes_});
  if (!store) {
    problem_ = store.error().text;
    return;
  }
  const auto count = (*store)->count();
  if (!count) {
    problem_ = count.error().text;
    return;
  }
  entries_ = *count;
  store_ = *std::move(store);
  problem_.clear();
}

// is_over says whether an end has been reached beyond doubt.
bool GrantLedger::is_over(std::int64_t end) {
  const ClockReading now = clock_.read();
  watch_.look(now);
  return watch_.is_settled() && end <= now.wall.unix_seconds();
}

void GrantLedger::tick() {
  watch_.look(clock_.read());
  store_ ? sweep() : try_open();
}

std::optional<std::string> GrantLedger::not_ready() const {
  if (problem_.empty()) return std::nullopt;
  return problem_;
}

std::vector<std::string> GrantLedger::problems() const {
  if (!is_full_) return {};
  return {
      "modules.oauth.grants is full: of new refresh tokens only the client is known; raise "
      "max_entries, or lower keep"};
}

void GrantLedger::metrics(std::vector<policy::Metric>& to) const {
  to.push_back({"revocation_grants",
                "Tokens whose grant is known.",
                false,
                {},
                {},
                static_cast<double>(entries_)});
  to.push_back({"revocation_grants_not_taken_total",
                "Token responses that were not learned.",
                true,
                {},
                {},
                static_cast<double>(not_taken_)});
}

Result<std::optional<Grant>> GrantLedger::find(const std::string& key) {
  if (!store_) return Error{Fault::gateway, problem_};
  const auto bytes = store_->get(key);
  if (!bytes) return bytes.error();
  if (!bytes->has_value()) return std::optional<Grant>();
  auto grant = decode_grant(**bytes);
  if (!grant) return Error{Fault::gateway, "a record of " + folder_ + " is damaged"};
  if (is_over(grant->expires)) return std::optional<Grant>();
  return grant;
}

Result<bool> GrantLedger::learn(LearnedGrant learned, const GrantTerms& terms) {
  if (!store_) return Error{Fault::gateway, problem_};
  is_full_ = entries_ + learned.keys.size() > terms.max_entries;
  if (is_full_) {
    ++not_taken_;
    return false;
  }
  for (std::size_t i = 0; i < learned.keys.size(); ++i) {
    // The first is the access token; who refreshes lives longer.
    const std::int64_t now = clock_.read().wall.unix_seconds();
    learned.grant.expires = i == 0 ? learned.grant.access_ends : now + terms.keep.count();
    const auto known = store_->get(learned.keys[i]);
    if (!known) return known.error();
    const auto put = store_->put(learned.keys[i], encode_grant(learned.grant));
    if (!put) {
      ++not_taken_;
      return put.error();
    }
    if (!known->has_value()) ++entries_;
  }
  return true;
}

// sweep forgets what has expired, a few hundred records a second.
void GrantLedger::sweep() {
  if (!watch_.is_settled()) return;
  std::vector<std::string> expired;
  std::string last;
  std::size_t seen = 0;
  const std::int64_t over = clock_.read().wall.unix_seconds();
  const auto read =
      store_->for_each(sweep_after_, [&](std::string_view key, std::string_view value) {
        last = key;
        const auto grant = decode_grant(value);
        if (!grant || grant->expires <= over) expired.emplace_back(key);
        return ++seen < kSweepStep;
      });
  if (!read) return;
  sweep_after_ = seen < kSweepStep ? std::string() : last;
  if (expired.empty() || !store_->erase(expired)) return;
  entries_ -= std::min(entries_, expired.size());
}

}  // namespace sallyport::oauth
