#include "modules/bearer/key_source.h"

#include <map>
#include <utility>

#include "modules/bearer/printable.h"

namespace sallyport::bearer {

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
      clients::Follower::Hooks{
          .accept = [this](std::string_view document) { return accept(document); },
          .is_wanted = [keys = keys_] { return keys->take_request(); },
          .too_old = [this] { forget(); }});
}

Result<void> KeySource::accept(std::string_view document) {
  // The same document leaves the set and its epoch alone, and with it what workers remember.
  if (current_ && document == document_) return {};
  // Without the ledger nobody knows which keys were denied: none may be used.
  if (auto opened = watch_->open(); !opened) return opened;
  auto parsed = parse_jwks(document, settings_.algorithms, epoch_ + 1, settings_.known);
  if (!parsed) return parsed.error();
  document_ = document;
  adopt(*std::move(parsed));
  publish([] {});
  return {};
}

void KeySource::adopt(KeySet parsed) {
  tell_differences(parsed);
  std::vector<Key> keys(parsed.keys().begin(), parsed.keys().end());
  for (Key& key : keys) key.use = watch_->use_of(name(), key.id);
  std::erase_if(withdrawn_, [&](const Key& key) { return parsed.find(key.id) != nullptr; });
  if (current_) {
    for (const Key& key : current_->keys()) {
      if (parsed.find(key.id) != nullptr) continue;
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
  for (const SkippedKey& skipped : next.skipped()) {
    const std::string id = skipped.id.empty() ? "(without kid)" : skipped.id;
    watch_->tell(
        {"warn", "key_skipped",
         "issuer " + name() + ": key " + id + " is not used: " + std::string(skipped.why)});
  }
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
  add("jwks_keys_skipped", "Keys of the issuer's key set that are not used.", false,
      current_ ? static_cast<double>(current_->skipped().size()) : 0);
  std::map<std::string_view, double> skipped;
  if (current_) {
    for (const SkippedKey& key : current_->skipped()) ++skipped[key.label];
  }
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
  add("bearer_introspections_total", "Questions to the issuer about opaque tokens.", true,
      total(&Counters::introspections));
  add("bearer_introspection_failures_total", "Such questions without a usable answer.", true,
      total(&Counters::introspection_failures));
}

}  // namespace sallyport::bearer
