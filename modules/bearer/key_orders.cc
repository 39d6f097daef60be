// What operators order: to see the keys, to deny one, to read the key sets now.

#include <fmt/core.h>

#include <memory>
#include <set>
#include <string>

#include "gateway/crypto/base64.h"
#include "gateway/json/json.h"
#include "gateway/json/value.h"
#include "modules/bearer/jwt.h"
#include "modules/bearer/key_source.h"
#include "modules/bearer/key_watch.h"

namespace sallyport::bearer {
namespace {

constexpr std::size_t kMaxRemark = 512;  // bytes, of `reason` and `who`
constexpr json::Limits kOrderLimits{.max_bytes = 16 * 1024, .max_depth = 2};

// Countdown calls `done` when as many parts have ended as were announced, and the announcer too.
class Countdown {
 public:
  explicit Countdown(std::function<void()> done)
      : left_(std::make_shared<Left>(Left{1, std::move(done)})) {}
  std::function<void()> part() {
    ++left_->count;
    return [left = left_] { left->end_one(); };
  }
  void announced() { left_->end_one(); }

 private:
  struct Left {
    int count;
    std::function<void()> done;
    void end_one() {
      if (--count == 0) done();
    }
  };
  std::shared_ptr<Left> left_;
};

}  // namespace

bool KeyWatch::command(std::string_view verb, std::string_view json, const Answer& answer) {
  if (verb == "keys") {
    list(answer);
  } else if (verb == "keys-deny") {
    set_denied(json, true, answer);
  } else if (verb == "keys-allow") {
    set_denied(json, false, answer);
  } else if (verb == "keys-refresh") {
    refresh(answer);
  } else {
    return false;
  }
  return true;
}

json::Draft KeyWatch::describe(const KeySource& source, const std::string& id,
                               const KeyRecord& record) const {
  const Key* key = source.published() != nullptr ? source.published()->find(id) : nullptr;
  const std::string_view state = record.denied_at != 0 ? "denied"
                                 : key != nullptr      ? "published"
                                                       : "withdrawn";
  json::Draft out = json::Draft::object();
  out.set("issuer", source.name()).set("kid", id).set("state", state);
  if (key != nullptr) {
    out.set("type", to_string(key->key->type()))
        .set("thumbprint", crypto::encode_base64url(crypto::as_text(key->key->thumbprint())))
        .text("known_from", key->known_from);
  }
  json::Draft alarms = json::Draft::array();
  for (const Alarm& alarm : alarms_) {
    if (alarm.issuer == source.name() && alarm.id == id) alarms.add(to_string(alarm.kind));
  }
  return std::move(out)
      .set("first_public", record.first_public)
      .set("was_there", record.was_there)
      .set("last_public", record.last_public)
      .set("first_use", record.first_use)
      .set("last_use", record.last_use)
      .set("denied_at", record.denied_at)
      .set("alarms", std::move(alarms));
}

void KeyWatch::list(const Answer& answer) const {
  json::Draft keys = json::Draft::array();
  std::set<std::string> seen;
  for (const KeySource* source : sources_) {
    if (!seen.insert(source->name()).second) continue;
    ledger_.for_each(source->name(), [&](const std::string& id, const KeyRecord& record) {
      keys.add(describe(*source, id, record));
    });
    for (const SkippedKey& skipped : source->skipped()) {
      keys.add(json::Draft::object()
                   .set("issuer", source->name())
                   .set("kid", skipped.id)
                   .set("state", "skipped")
                   .set("why", skipped.why));
    }
  }
  answer(200, json::Draft::object().set("keys", std::move(keys)).dump());
}

void KeyWatch::set_denied(std::string_view json, bool denied, const Answer& answer) {
  const auto order = json::parse(json, kOrderLimits);
  const auto id = order ? order->member("kid").string() : std::nullopt;
  if (!id || id->empty() || id->size() > kMaxKeyIdBytes) {
    return answer(400, json::error_text("say which key: {\"kid\": …}, of 1 to 256 bytes"));
  }
  const std::string issuer(order->member("issuer").string().value_or(""));
  // What an operator writes is logged as it is; the log's own writer escapes it.
  const std::string reason(order->member("reason").string().value_or(""));
  const std::string who(order->member("who").string().value_or(""));
  if (reason.size() > kMaxRemark || who.size() > kMaxRemark) {
    return answer(400, json::error_text("\"reason\" and \"who\" may have 512 bytes each"));
  }
  std::vector<KeySource*> meant;
  for (KeySource* source : sources_) {
    if (issuer.empty() || issuer == source->name()) meant.push_back(source);
  }
  if (meant.empty()) {
    return answer(404, json::error_text("modules.bearer.issuers has no issuer of that name"));
  }
  if (auto opened = open(); !opened) return answer(503, json::error_text(opened.error().text));
  bool is_published_now = false;
  bool was_denied = false;
  for (const KeySource* source : meant) {
    is_published_now = is_published_now || is_published(*source, std::string(*id));
    const KeyRecord* known = ledger_.find(source->name(), std::string(*id));
    was_denied = was_denied || (known != nullptr && known->denied_at != 0);
    if (!denied && known == nullptr) continue;  // there is nothing to take back
    ledger_.change(source->name(), std::string(*id)).denied_at =
        denied ? control_->wall().unix_seconds() : 0;
  }
  const auto saved = ledger_.save();
  tell({"warn", denied ? "key_denied" : "key_allowed",
        fmt::format("key {} of {}, by {}: {}", *id, issuer.empty() ? "every issuer" : issuer,
                    who.empty() ? "(not said)" : who, reason.empty() ? "(not said)" : reason)});
  json::Draft done = json::Draft::object();
  done.set(denied ? "denied" : "allowed", *id)
      .set("was_published", is_published_now)
      .set("durable", saved && ledger_.is_durable());
  if (!denied && !was_denied) done.set("was_denied", false);
  // In an emergency the denial holds even when it could not be stored; then it says so.
  const int status = saved ? 200 : 507;
  std::string text =
      saved ? done.dump()
            : json::error_text("it holds, but only until the next start: " + saved.error().text);
  Countdown countdown([answer, status, text = std::move(text)] { answer(status, text); });
  for (KeySource* source : meant) source->publish(countdown.part());
  countdown.announced();
}

void KeyWatch::refresh(const Answer& answer) {
  auto refreshed = std::make_shared<json::Draft>(json::Draft::array());
  auto good = std::make_shared<bool>(true);
  Countdown countdown([answer, refreshed, good] {
    answer(*good ? 200 : 502, json::Draft::object().set("refreshed", *refreshed).dump());
  });
  for (KeySource* source : sources_) {
    source->refresh([name = source->name(), refreshed, good,
                     ended = countdown.part()](const Result<void>& outcome) {
      json::Draft one = json::Draft::object().set("issuer", name);
      if (!outcome) one.set("error", outcome.error().text);
      refreshed->add(std::move(one));
      *good = *good && outcome.has_value();
      ended();
    });
  }
  countdown.announced();
}

}  // namespace sallyport::bearer
