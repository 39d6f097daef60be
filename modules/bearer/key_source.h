#pragma once

// KeySource follows the keys of one issuer, from a file or a URL, on the control thread. The last
// good set survives every failure for as long as `keep` says; a token with an unknown key makes it
// look again, at most every ten seconds.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/clients/fetch_follow.h"
#include "gateway/policy/module.h"
#include "modules/bearer/issuer_keys.h"
#include "modules/bearer/key_watch.h"
#include "modules/bearer/settings.h"

namespace sallyport::bearer {

// KeySourceSettings is all that the behaviour of a source depends on.
struct KeySourceSettings {
  std::string name;  // of the issuer in the configuration: label of its metrics
  clients::FollowSource source;
  clients::FollowTimes times;
  std::vector<Algorithm> algorithms;
  KnownKeys known = KnownKeys::refuse;

  // key tells apart sources that differ in any of these.
  std::string key() const;
};

class KeySource final : public policy::Service {
 public:
  // So many keys that are not published any more are still recognised, to tell whose tokens arrive.
  static constexpr std::size_t kMaxWithdrawn = 16;

  KeySource(KeySourceSettings settings, std::shared_ptr<KeyWatch> watch);
  ~KeySource() override;

  void start(event::Loop& control, event::Broadcast& broadcast) override;
  std::optional<std::string> not_ready() const override;
  void metrics(std::vector<policy::Metric>& to) const override;

  // keys is what plans hold on to: unlike this object it may be destroyed on any thread.
  std::shared_ptr<const IssuerKeys> keys() const { return keys_; }

  // For KeyWatch, on control:
  const std::string& name() const { return settings_.name; }
  const KeySet* published() const { return current_.get(); }
  std::span<const Key> withdrawn() const { return withdrawn_; }
  // skipped are the keys that are not used of the document that was read last.
  std::span<const SkippedKey> skipped() const { return skipped_; }
  // publish gives the workers the keys anew, with what is denied now; `done` when all have them.
  void publish(std::function<void()> done);
  // refresh reads the key set at once.
  void refresh(std::function<void(Result<void>)> done);

 private:
  Result<void> accept(std::string_view document);
  // restore takes the key set that an earlier process kept, unless it is older than `keep`.
  void restore();
  void keep(std::string_view document);
  void note_refused(const JwksReading& reading, std::string_view document);
  void tell_skipped(std::span<const SkippedKey> keys);
  void note_failure(const std::string& why);
  void note_success();
  void adopt(KeySet parsed);
  void tell_differences(const KeySet& next);
  void forget();

  const KeySourceSettings settings_;
  const std::shared_ptr<KeyWatch> watch_;
  const std::shared_ptr<IssuerKeys> keys_ = std::make_shared<IssuerKeys>();
  // Of the control thread:
  event::Loop* control_ = nullptr;
  event::Broadcast* broadcast_ = nullptr;
  std::unique_ptr<clients::Follower> follower_;
  std::string document_;  // the one that the current set was read from
  std::string failure_;   // of the last reading, as it was told; empty after a success
  std::optional<crypto::Sha256> refused_;  // the document that was told to have no usable key
  std::vector<SkippedKey> skipped_;        // of the document that was read last
  std::shared_ptr<const KeySet> current_;
  std::vector<Key> withdrawn_;  // the latest last
  std::uint64_t epoch_ = 0;
  KeyLedger::KeptSet kept_;  // as it was put on disk last
};

}  // namespace sallyport::bearer
