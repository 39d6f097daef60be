#include "modules/bearer/key_source.h"

#include <utility>

namespace sallyport::bearer {

std::string KeySourceSettings::key() const {
  std::string text = name;
  for (const std::string& part :
       {source.file, source.url ? source.url->text() : std::string(), source.ca_file,
        std::to_string(times.refresh.count()), std::to_string(times.keep.count())}) {
    text.append("\n").append(part);
  }
  for (const Algorithm algorithm : algorithms) text.append("\n").append(to_string(algorithm));
  return text;
}

KeySource::KeySource(KeySourceSettings settings) : settings_(std::move(settings)) {}

void KeySource::start(event::Loop& control, event::Broadcast& broadcast) {
  broadcast_ = &broadcast;
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
  auto parsed = parse_jwks(document, settings_.algorithms, epoch_ + 1);
  if (!parsed) return parsed.error();
  ++epoch_;
  document_ = document;
  current_ = std::make_shared<const KeySet>(*std::move(parsed));
  keys_->publish(*broadcast_, current_);
  return {};
}

void KeySource::forget() {
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
}

}  // namespace sallyport::bearer
