#pragma once

// KeyWatch looks after the keys of all issuers: what each was seen doing and when, what of that
// should worry an operator, and which keys an operator has denied. Control thread only.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "gateway/event/watch.h"
#include "gateway/json/value.h"
#include "gateway/policy/module.h"
#include "modules/bearer/jwks.h"
#include "modules/bearer/key_ledger.h"

namespace sallyport::bearer {

class KeySource;

class KeyWatch final : public policy::Service {
 public:
  // `folder` is where it all outlives the process; empty: it does not.
  explicit KeyWatch(std::string folder) : ledger_(std::move(folder)) {}

  void start(event::Loop& control, event::Broadcast& broadcast) override;
  std::optional<std::string> not_ready() const override;
  std::vector<std::string> stores() const override {
    if (!ledger_.is_durable()) return {};
    return {ledger_.folder()};
  }
  void metrics(std::vector<policy::Metric>& to) const override;
  std::vector<policy::Notice> notices() override { return std::exchange(notices_, {}); }
  // Verbs, all with a JSON object: keys (list), keys-deny and keys-allow {"kid", "issuer"?, "who"?,
  // "reason"?}, keys-refresh. A denial is answered when it holds on every worker.
  bool command(std::string_view verb, std::string_view json,
               const std::function<void(int status, std::string json)>& answer) override;

  // For sources:
  void add(KeySource& source) { sources_.push_back(&source); }
  void remove(KeySource& source) { std::erase(sources_, &source); }
  Result<void> open();
  // use_of returns the one mark of that key, whichever set it is in.
  std::shared_ptr<KeyUse> use_of(const std::string& issuer, const Key& key);
  void note_published(const KeySource& source, std::int64_t now);
  std::vector<std::string> denied(const std::string& issuer) const {
    return ledger_.denied(issuer);
  }
  // keep_set and kept_set: see KeyLedger. What cannot be kept is told.
  void keep_set(const KeySource& source, const std::string& place, const KeyLedger::KeptSet& set);
  std::optional<KeyLedger::KeptSet> kept_set(const KeySource& source,
                                             const std::string& place) const;
  // tell puts something into the log; of a flood only the beginning.
  void tell(policy::Notice notice);

 private:
  using Answer = std::function<void(int status, std::string json)>;
  struct Alarm {
    std::string issuer;
    std::string id;
    KeyAlarm kind;
    std::int64_t since = 0;  // tells a key that was replaced again from one that was replaced
    friend auto operator<=>(const Alarm&, const Alarm&) = default;
  };

  static bool is_published(const KeySource& source, const std::string& id);
  void on_tick();
  void collect(const KeySource& source, std::int64_t now);
  static void note_use(const Key& key, KeyRecord& record);
  void judge(const KeySource& source, std::int64_t now, std::set<Alarm>& raised) const;
  void list(const Answer& answer) const;
  void set_denied(std::string_view json, bool denied, const Answer& answer);
  void refresh(const Answer& answer);
  json::Draft describe(const KeySource& source, const std::string& id,
                       const KeyRecord& record) const;

  KeyLedger ledger_;
  std::string open_error_;
  std::vector<KeySource*> sources_;
  using KeyName = std::tuple<std::string, std::string, crypto::Sha256>;  // issuer, id, thumbprint
  std::map<KeyName, std::shared_ptr<KeyUse>> uses_;
  std::set<Alarm> alarms_;
  std::vector<policy::Notice> notices_;
  event::Loop* control_ = nullptr;
  std::unique_ptr<event::Every> ticker_;
  int ticks_ = 0;
};

}  // namespace sallyport::bearer
