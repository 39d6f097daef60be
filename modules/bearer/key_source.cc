#include "modules/bearer/key_source.h"

#include <algorithm>
#include <map>
#include <utility>

#include "modules/bearer/opaque_issuer.h"
#include "modules/bearer/printable.h"

namespace sallyport::bearer {
namespace {

// Seconds between two writes of the same key set, which say no more than that it is still good.
constexpr std::int64_t kKeepEvery = 60;

}  // namespace

std::string KeySourceSettings::key() const {
  std::string text = name;
  for (const std::string& part :
       {source.file, source.url ? source.url->text() : std::string(), source.ca_file,
        std::to_string(times.refresh.count()), std::to_string(times.least_refresh.count()),
        std::to_string(times.most_refresh.count()), std::to_string(times.keep.count()),
        std::string(known == KnownKeys::use ? "sandbox" : "production")}) {
    text.append("\n").append(part);
  }
  for (const Algorithm algorithm : algorithms) text.append("\n").append(to_string(algorithm));
  return text;
}

KeySource::KeySource(KeySourceSettings settings, std::shared_ptr<KeyWatch> watch)
    : settings_(std::move(settings)), watch_(std::move(watch)) {}

KeySource::~KeySource() { watch_->remove(*this); }

void KeySource::start(event::Loop& control, event::Broadcast& broadcast) {
  control_ = &control;
  broadcast_ = &broadcast;
  watch_->add(*this);
  follower_ = std::make_unique<clients::Follower>(
      control, settings_.source, settings_.times,
      clients::Follower::Hooks{.accept =
                                   [this](std::string_view document) {
                                     auto accepted = accept(document);
                                     if (accepted) keep(document);
                                     return accepted;
                                   },
                               .is_wanted = [keys = keys_] { return keys->take_request(); },
                               .too_old = [this] { forget(); },
                               .failed = [this](const std::string& why) { note_failure(why); }});
  restore();
}

// A file is as near as the store; only what a network may keep from us is kept.
void KeySource::restore() {
  if (!settings_.source.url || current_ || !watch_->open()) return;
  auto kept = watch_->kept_set(*this, settings_.source.url->text());
  if (!kept) return;
  // A clock that was set back makes it no younger than new.
  const Seconds age(std::max<std::int64_t>(control_->wall().unix_seconds() - kept->read_at, 0));
  if (age >= settings_.times.keep || !accept(kept->document)) return;
  follower_->has_already(age);
  kept_ = *std::move(kept);
  watch_->tell({"info", "keys_from_disk",
                "issuer " + name() + ": the key set of " + std::to_string(age.count()) +
                    " s ago is used until it is read again"});
}

void KeySource::keep(std::string_view document) {
  if (!settings_.source.url) return;
  const std::int64_t now = control_->wall().unix_seconds();
  const bool is_young = now >= kept_.read_at && now - kept_.read_at < kKeepEvery;
  if (is_young && document == kept_.document) return;
  kept_ = {now, std::string(document)};
  watch_->keep_set(*this, settings_.source.url->text(), kept_);
}

// note_failure tells a failure when it begins and when it becomes another one, not at every
// attempt.
void KeySource::note_failure(const std::string& why) {
  if (why == failure_) return;
  failure_ = why;
  watch_->tell({"warn", "keys_not_read",
                "issuer " + name() + ": its key set could not be read: " + why +
                    (current_ ? "; the keys that were read last stay in use" : "")});
}

void KeySource::note_success() {
  if (failure_.empty()) return;
  failure_.clear();
  watch_->tell({"info", "keys_read_again", "issuer " + name() + ": its key set is read again"});
}

Result<void> KeySource::accept(std::string_view document) {
  // The same document leaves the set and its epoch alone, and with it what workers remember.
  if (current_ && document == document_) {
    refused_.reset();
    skipped_.assign(current_->skipped().begin(), current_->skipped().end());
    note_success();
    return {};
  }
  // Without the ledger nobody knows which keys were denied: none may be used.
  if (auto opened = watch_->open(); !opened) return opened;
  auto reading = read_jwks(document, settings_.algorithms, settings_.known);
  if (!reading) return reading.error();
  if (reading->keys.empty()) {
    note_refused(*reading, document);
    return no_usable_key(*reading);
  }
  note_success();
  document_ = document;
  refused_.reset();
  skipped_ = reading->skipped;
  adopt(KeySet(std::move(reading->keys), std::move(reading->skipped), epoch_ + 1));
  publish([] {});
  return {};
}

// note_refused: a document without a usable key changes nothing but what the operator reads, and
// that is told once and not at every attempt.
void KeySource::note_refused(const JwksReading& reading, std::string_view document) {
  skipped_ = reading.skipped;
  const crypto::Sha256 digest = crypto::sha256(document);
  if (refused_ == digest) return;
  refused_ = digest;
  tell_skipped(reading.skipped);
}

void KeySource::tell_skipped(std::span<const SkippedKey> keys) {
  for (const SkippedKey& skipped : keys) {
    const std::string id = skipped.id.empty() ? "(without kid)" : skipped.id;
    watch_->tell(
        {"warn", "key_skipped",
         "issuer " + name() + ": key " + id + " is not used: " + std::string(skipped.why)});
  }
}

void KeySource::adopt(KeySet parsed) {
  tell_differences(parsed);
  std::vector<Key> keys(parsed.keys().begin(), parsed.keys().end());
  for (Key& key : keys) key.use = watch_->use_of(name(), key);
  std::erase_if(withdrawn_, [&](const Key& key) { return parsed.has(key); });
  if (current_) {
    for (const Key& key : current_->keys()) {
      if (parsed.has(key)) continue;
      // Of one id the latest is enough: a token must not be tried with key after key.
      std::erase_if(withdrawn_, [&](const Key& old) { return old.id == key.id; });
      withdrawn_.push_back(key);
      // What is marked from now on has come after the withdrawal, be it in the same second.
      withdrawn_.back().use = std::make_shared<KeyUse>();
    }
  }
  if (withdrawn_.size() > kMaxWithdrawn) {
    withdrawn_.erase(withdrawn_.begin(), withdrawn_.end() - kMaxWithdrawn);
  }
  current_ = std::make_shared<const KeySet>(
      std::move(keys), std::vector(parsed.skipped().begin(), parsed.skipped().end()), ++epoch_);
  watch_->note_published(*this, control_->wall().unix_seconds());
}

void KeySource::tell_differences(const KeySet& next) {
  tell_skipped(next.skipped());
  for (const Key& key : next.keys()) {
    const std::string shown = "issuer " + name() + ": key " + std::string(printable(key.id));
    if (!key.known_from.empty()) {
      watch_->tell({"warn", "key_known",
                    shown + " is one whose private half everybody can read: " +
                        std::string(key.known_from)});
    }
    if (!current_ || current_->find(key.id) == nullptr) {
      watch_->tell({"info", "key_published", shown + " is published"});
    }
  }
  if (!current_) return;
  for (const Key& key : current_->keys()) {
    if (next.find(key.id) != nullptr) continue;
    watch_->tell({"info", "key_withdrawn",
                  "issuer " + name() + ": key " + std::string(printable(key.id)) +
                      " is not published any more"});
  }
}

void KeySource::publish(std::function<void()> done) {
  if (broadcast_ == nullptr || !current_) return done();
  auto set =
      std::make_shared<const KeySet>(current_->with(withdrawn_, watch_->denied(name()), ++epoch_));
  keys_->publish(*broadcast_, std::move(set), std::move(done));
}

void KeySource::refresh(std::function<void(Result<void>)> done) {
  if (!follower_) return done(Error{Fault::gateway, "it has not been started"});
  follower_->read_now(std::move(done));
}

void KeySource::forget() {
  watch_->tell({"error", "keys_too_old",
                "issuer " + name() + ": no key set could be read for as long as `keep` allows"});
  document_.clear();
  refused_.reset();
  current_.reset();
  keys_->publish(*broadcast_, nullptr);
}

std::optional<std::string> KeySource::not_ready() const {
  if (current_) return std::nullopt;
  std::string text = "bearer: no keys of issuer " + settings_.name;
  if (follower_ && !follower_->last_error().empty()) text += ": " + follower_->last_error();
  return text;
}

void KeySource::metrics(std::vector<policy::Metric>& to) const {
  const auto add = [&](std::string_view name, std::string_view help, bool is_counter,
                       double value) {
    to.push_back({name, help, is_counter, "issuer", settings_.name, value});
  };
  const auto total = [&](std::atomic<std::uint64_t> IssuerKeys::Counters::*counter) {
    return static_cast<double>(keys_->total(counter));
  };
  using Counters = IssuerKeys::Counters;
  add("jwks_keys", "Keys of the issuer in use.", false,
      current_ ? static_cast<double>(current_->size()) : 0);
  add("jwks_keys_skipped", "Keys that are not used of the issuer's key set as it was last read.",
      false, static_cast<double>(skipped_.size()));
  std::map<std::string_view, double> skipped;
  for (const SkippedKey& key : skipped_) ++skipped[key.label];
  for (const auto& [label, number] : skipped) {
    add("jwks_keys_skipped_by_reason", "The same by reason.", false, number);
    to.back().more_labels.emplace_back("reason", label);
  }
  if (follower_) {
    add("jwks_age_seconds", "Time since the issuer's key set was last read successfully.", false,
        static_cast<double>(follower_->age().count()));
    add("jwks_reads_total", "Readings of the issuer's key set.", true,
        static_cast<double>(follower_->attempts()));
    add("jwks_read_failures_total", "Readings of the issuer's key set that failed.", true,
        static_cast<double>(follower_->failures()));
  }
  add("bearer_cache_hits_total", "Tokens whose signature was remembered.", true,
      total(&Counters::cache_hits));
  add("bearer_verifications_total", "Signatures that were checked and good.", true,
      total(&Counters::verifications));
  add("bearer_bad_signatures_total", "Signatures that were checked and bad.", true,
      total(&Counters::bad_signatures));
  add("bearer_unknown_keys_total", "Tokens that named a key which the issuer does not publish.",
      true, total(&Counters::unknown_keys));
  append_introspection_metrics(*keys_, settings_.name, to);
}

}  // namespace sallyport::bearer
