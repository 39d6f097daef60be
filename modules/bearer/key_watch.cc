#include "modules/bearer/key_watch.h"

#include <algorithm>
#include <utility>

#include "modules/bearer/key_source.h"
#include "modules/bearer/printable.h"

namespace sallyport::bearer {
namespace {

constexpr Milliseconds kTick = Seconds(1);
constexpr int kTicksBetweenSaves = 60;
constexpr std::size_t kMaxNotices = 256;

}  // namespace

bool KeyWatch::is_published(const KeySource& source, const std::string& id) {
  return source.published() != nullptr && source.published()->find(id) != nullptr;
}

void KeyWatch::start(event::Loop& control, event::Broadcast&) {
  control_ = &control;
  ticker_ = std::make_unique<event::Every>(control, kTick, [this] { on_tick(); });
}

std::optional<std::string> KeyWatch::not_ready() const {
  if (open_error_.empty()) return std::nullopt;
  return "bearer: the key ledger cannot be used: " + open_error_;
}

Result<void> KeyWatch::open() {
  auto opened = ledger_.open();
  open_error_ = opened ? "" : opened.error().text;
  return opened;
}

void KeyWatch::tell(policy::Notice notice) {
  if (notices_.size() < kMaxNotices) notices_.push_back(std::move(notice));
}

void KeyWatch::keep_set(const KeySource& source, const std::string& place,
                        const KeyLedger::KeptSet& set) {
  if (auto kept = ledger_.keep_set(source.name(), place, set); !kept) {
    tell({"error", "key_ledger", kept.error().text});
  }
}

std::optional<KeyLedger::KeptSet> KeyWatch::kept_set(const KeySource& source,
                                                     const std::string& place) const {
  return ledger_.kept_set(source.name(), place);
}

std::shared_ptr<KeyUse> KeyWatch::use_of(const std::string& issuer, const Key& key) {
  auto& use = uses_[{issuer, key.id, key.thumbprint}];
  if (use == nullptr) use = std::make_shared<KeyUse>();
  return use;
}

void KeyWatch::note_published(const KeySource& source, std::int64_t now) {
  const bool is_first_look = !ledger_.knows_issuer(source.name());
  for (const Key& key : source.published()->keys()) {
    KeyRecord& record = ledger_.change(source.name(), key.id);
    const bool is_known = record.first_public != 0 && record.thumbprint != crypto::Sha256{};
    if (is_known && record.thumbprint != key.thumbprint) {
      // Another key: nothing of what was seen of the one before is true of it. A denial is of the
      // id.
      record = {.denied_at = record.denied_at, .rekeyed_at = now};
    }
    record.thumbprint = key.thumbprint;
    if (record.first_public == 0) {
      record.first_public = now;
      record.was_there = is_first_look;
    }
    record.last_public = now;
  }
  auto kept = ledger_.forget_old(source.name());
  if (kept) kept = ledger_.save();
  if (!kept) tell({"error", "key_ledger", kept.error().text});
  std::erase_if(uses_, [&](const auto& use) {
    const auto& [issuer, id, thumbprint] = use.first;
    if (issuer != source.name() || use.second.use_count() != 1) return false;
    const KeyRecord* record = ledger_.find(issuer, id);
    return record == nullptr || record->thumbprint != thumbprint;
  });
}

void KeyWatch::on_tick() {
  const std::int64_t now = control_->wall().unix_seconds();
  std::set<Alarm> raised;
  for (const KeySource* source : sources_) {
    collect(*source, now);
    judge(*source, now, raised);
  }
  for (const Alarm& alarm : raised) {
    if (alarms_.contains(alarm)) continue;
    tell({"warn", "key_alarm",
          "issuer " + alarm.issuer + ": key " + std::string(printable(alarm.id)) + " " +
              std::string(to_string(alarm.kind)) + ": " + std::string(help_of(alarm.kind))});
  }
  alarms_ = std::move(raised);
  if (++ticks_ % kTicksBetweenSaves != 0) return;
  if (auto saved = ledger_.save(); !saved) tell({"error", "key_ledger", saved.error().text});
}

void KeyWatch::collect(const KeySource& source, std::int64_t now) {
  if (source.published() != nullptr) {
    for (const Key& key : source.published()->keys()) {
      KeyRecord& record = ledger_.change(source.name(), key.id);
      if (record.thumbprint != key.thumbprint) continue;
      record.last_public = now;
      note_use(key, record);
    }
  }
  for (const Key& key : source.withdrawn()) {
    const std::int64_t last = key.use->last.load(std::memory_order_relaxed);
    if (last == 0) continue;
    KeyRecord& record = ledger_.change(source.name(), key.id);
    // The record is of the key that has the id now.
    if (record.thumbprint != key.thumbprint) continue;
    record.last_use = std::max({record.last_use, last, record.last_public + 1});
  }
}

void KeyWatch::note_use(const Key& key, KeyRecord& record) {
  const std::int64_t last = key.use->last.load(std::memory_order_relaxed);
  if (last == 0) return;
  if (record.first_use == 0) record.first_use = last;
  record.last_use = std::max(record.last_use, last);
}

void KeyWatch::judge(const KeySource& source, std::int64_t now, std::set<Alarm>& raised) const {
  ledger_.for_each(source.name(), [&](const std::string& id, const KeyRecord& record) {
    for (const KeyAlarm alarm : alarms_of(record, is_published(source, id), now)) {
      const bool is_rekeyed = alarm == KeyAlarm::rekeyed;
      raised.insert({source.name(), id, alarm, is_rekeyed ? record.rekeyed_at : 0});
    }
  });
}

void KeyWatch::metrics(std::vector<policy::Metric>& to) const {
  std::set<std::string> names;
  for (const KeySource* source : sources_) names.insert(source->name());
  for (const std::string& name : names) {
    for (int i = 0; i < kKeyAlarms; ++i) {
      const auto kind = static_cast<KeyAlarm>(i);
      const auto raised = std::count_if(alarms_.begin(), alarms_.end(), [&](const Alarm& alarm) {
        return alarm.issuer == name && alarm.kind == kind;
      });
      to.push_back({"key_alarms",
                    "Keys whose life should worry the operator, by kind of alarm.",
                    false,
                    "issuer",
                    name,
                    static_cast<double>(raised),
                    {{"alarm", std::string(to_string(kind))}}});
    }
    to.push_back({"keys_denied", "Keys that an operator has denied.", false, "issuer", name,
                  static_cast<double>(ledger_.denied(name).size())});
  }
}

}  // namespace sallyport::bearer
