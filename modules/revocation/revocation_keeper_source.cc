// What a source of revocations, a Redis, has to do with the keeper.

#include <algorithm>
#include <utility>

#include "modules/revocation/issuer.h"
#include "modules/revocation/revocation_keeper.h"

namespace sallyport::revocation {
namespace {

// What waits for the disk is written when it is so much: one commit, which takes some milliseconds.
constexpr std::size_t kCopyAtOnce = 2000;
// A disk that fails is no reason to grow without end.
constexpr std::size_t kMaxUnwritten = 100'000;
// Remaining times are told in milliseconds and kept in seconds: ends so close are the same.
constexpr std::int64_t kSameEnd = 2;

// goes_beyond says whether the end `a` is clearly later than `b`.
bool goes_beyond(std::int64_t a, std::int64_t b) {
  return a > b && (a == kAlways || a - b > kSameEnd);
}

// keep_remarks leaves in `record` what `known` says and it does not.
void keep_remarks(Record& record, const Record& known) {
  if (record.reason.empty()) record.reason = known.reason;
  if (record.who.empty()) record.who = known.who;
  if (!known.issuer.empty() && !is_issuer_id(known.issuer)) record.issuer = known.issuer;
  if (record.made == 0) record.made = known.made;
}

}  // namespace

Result<std::optional<Record>> RevocationKeeper::find(Unit unit, std::string_view issuer,
                                                     std::string_view value) {
  if (!store_) return Error{Fault::gateway, problem_};
  const std::string key = record_key(unit, issuer, value);
  if (const auto found = unwritten_.find(key); found != unwritten_.end()) return found->second;
  return store_->find(key);
}

RevocationKeeper::Learnt RevocationKeeper::learn(Record record, bool is_final,
                                                 std::size_t max_entries) {
  const std::string id = issuer_id(record.issuer);
  const auto known = find(record.unit, id, record.value);
  Learnt learnt = Learnt::new_;
  if (known && known->has_value() && !is_over((*known)->expires)) {
    const Record& old = **known;
    const Record said = record;
    keep_remarks(record, old);
    // Our own key outranks another program's.
    if (record.origin == Origin::foreign && old.origin != Origin::foreign) {
      record.origin = old.origin;
      is_final = false;
    }
    if (!is_final) {
      record.cutoff = std::max(record.cutoff, old.cutoff);
      if (!goes_beyond(record.expires, old.expires)) record.expires = old.expires;
    }
    if (std::abs(record.expires - old.expires) <= kSameEnd) record.expires = old.expires;
    const bool is_wider = record.cutoff > said.cutoff || goes_beyond(record.expires, said.expires);
    learnt = is_wider ? Learnt::wider : record == old ? Learnt::known : Learnt::new_;
    if (record == old) return learnt;
  } else if (set_->size() >= max_entries) {
    return Learnt::full;
  }
  if (record.made == 0) record.made = now();
  set_->put(record.unit, id, record.value, {record.cutoff, record.expires});
  if (!known || unwritten_.size() >= kMaxUnwritten) return Learnt::unsure;
  unwritten_[record_key(record.unit, id, record.value)] = std::move(record);
  if (unwritten_.size() % kCopyAtOnce == 0 && !write_down()) return Learnt::unsure;
  return learnt;
}

void RevocationKeeper::forget(Unit unit, std::string_view issuer, std::string_view value) {
  const std::string id = issuer_id(issuer);
  set_->erase(unit, id, value);
  unwritten_[record_key(unit, id, value)] = std::nullopt;
}

// write_down is false when the disk failed; then all of it is tried again.
bool RevocationKeeper::write_down() {
  if (unwritten_.empty() || !store_) return true;
  if (auto done = copy_to_disk(); !done) {
    failed(done.error());
    return false;
  }
  // The set may have grown.
  when_everywhere([] {});
  return true;
}

Result<void> RevocationKeeper::copy_to_disk() {
  std::vector<Record> records;
  std::vector<std::string> erased;
  for (const auto& [key, record] : unwritten_) {
    if (record) {
      records.push_back(*record);
    } else {
      erased.push_back(key);
    }
  }
  if (!records.empty()) {
    if (auto done = store_->put_all(records); !done) return done;
  }
  if (!erased.empty()) {
    if (auto done = store_->erase(erased); !done) return done.error();
  }
  unwritten_.clear();
  return {};
}

Result<std::string> RevocationKeeper::walk(const std::string& after, std::size_t most,
                                           const RevocationStore::Visit& visit) {
  if (!store_) return Error{Fault::gateway, problem_};
  if (!write_down()) return Error{Fault::gateway, "the revocation store cannot be written"};
  std::string last;
  std::size_t seen = 0;
  const auto read = store_->for_each(after, [&](std::string_view key, const Record& record) {
    last = key;
    visit(key, record);
    return ++seen < most;
  });
  if (!read) {
    failed(read.error());
    return read.error();
  }
  return seen < most ? std::string() : last;
}

void RevocationKeeper::source_synced() {
  if (!store_) return;
  write_down();
  if (auto done = store_->mark_synced(now()); !done) failed(done.error());
  awaits_source_ = false;
  set_->set_ready();
}

}  // namespace sallyport::revocation
