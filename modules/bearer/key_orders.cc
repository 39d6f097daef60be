// What operators order: to see the keys, to deny one, to read the key sets now.

#include <fmt/core.h>

#include <memory>
#include <set>
#include <string>

#include "gateway/crypto/base64.h"
#include "gateway/json/json.h"
#include "modules/bearer/jwt.h"
#include "modules/bearer/key_source.h"
#include "modules/bearer/key_watch.h"

namespace sallyport::bearer {
namespace {

constexpr std::size_t kMaxRemark = 512;  // bytes, of `reason` and `who`
constexpr json::Limits kOrderLimits{.max_bytes = 16 * 1024, .max_depth = 2};

std::string quoted(std::string_view text) {
  std::string out;
  json::append_quoted(out, text);
  return out;
}

std::string error_json(std::string_view text) { return "{\"error\":" + quoted(text) + "}"; }

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

void KeyWatch::append_key(std::string& to, const KeySource& source, const std::string& id,
                          const KeyRecord& record) const {
  const Key* key = source.published() != nullptr ? source.published()->find(id) : nullptr;
  const std::string_view state = record.denied_at != 0 ? "denied"
                                 : key != nullptr      ? "published"
                                                       : "withdrawn";
  to += fmt::format("{{\"issuer\":{},\"kid\":{},\"state\":\"{}\"", quoted(source.name()),
                    quoted(id), state);
  if (key != nullptr) {
    to += fmt::format(",\"type\":\"{}\",\"thumbprint\":\"{}\"", to_string(key->key->type()),
                      crypto::encode_base64url(crypto::as_text(key->key->thumbprint())));
    if (!key->known_from.empty()) to += ",\"known_from\":" + quoted(key->known_from);
  }
  to += fmt::format(
      ",\"first_public\":{},\"was_there\":{},\"last_public\":{},\"first_use\":{},\"last_use\":{},"
      "\"denied_at\":{},\"alarms\":[",
      record.first_public, record.was_there, record.last_public, record.first_use, record.last_use,
      record.denied_at);
  for (const Alarm& alarm : alarms_) {
    if (alarm.issuer != source.name() || alarm.id != id) continue;
    if (to.back() != '[') to += ',';
    to += quoted(to_string(alarm.kind));
  }
  to += "]}";
}

void KeyWatch::list(const Answer& answer) const {
  std::string text = "{\"keys\":[";
  std::set<std::string> seen;
  for (const KeySource* source : sources_) {
    if (!seen.insert(source->name()).second) continue;
    ledger_.for_each(source->name(), [&](const std::string& id, const KeyRecord& record) {
      if (text.back() != '[') text += ',';
      append_key(text, *source, id, record);
    });
    for (const SkippedKey& skipped : source->skipped()) {
      if (text.back() != '[') text += ',';
      text += fmt::format("{{\"issuer\":{},\"kid\":{},\"state\":\"skipped\",\"why\":{}}}",
                          quoted(source->name()), quoted(skipped.id), quoted(skipped.why));
    }
  }
  answer(200, text + "]}");
}

void KeyWatch::set_denied(std::string_view json, bool denied, const Answer& answer) {
  const auto order = json::parse(json, kOrderLimits);
  const auto id = order ? order->member("kid").string() : std::nullopt;
  if (!id || id->empty() || id->size() > kMaxKeyIdBytes) {
    return answer(400, error_json("say which key: {\"kid\": …}, of 1 to 256 bytes"));
  }
  const std::string issuer(order->member("issuer").string().value_or(""));
  // What an operator writes is logged as it is; the log's own writer escapes it.
  const std::string reason(order->member("reason").string().value_or(""));
  const std::string who(order->member("who").string().value_or(""));
  if (reason.size() > kMaxRemark || who.size() > kMaxRemark) {
    return answer(400, error_json("\"reason\" and \"who\" may have 512 bytes each"));
  }
  std::vector<KeySource*> meant;
  for (KeySource* source : sources_) {
    if (issuer.empty() || issuer == source->name()) meant.push_back(source);
  }
  if (meant.empty()) {
    return answer(404, error_json("modules.bearer.issuers has no issuer of that name"));
  }
  if (auto opened = open(); !opened) return answer(503, error_json(opened.error().text));
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
  std::string done = fmt::format("{{\"{}\":{},\"was_published\":{},\"durable\":{}}}",
                                 denied ? "denied" : "allowed", quoted(*id), is_published_now,
                                 saved && ledger_.is_durable());
  if (!denied && !was_denied) done.insert(done.size() - 1, ",\"was_denied\":false");
  // In an emergency the denial holds even when it could not be stored; then it says so.
  const int status = saved ? 200 : 507;
  if (!saved) done = error_json("it holds, but only until the next start: " + saved.error().text);
  Countdown countdown([answer, status, done = std::move(done)] { answer(status, done); });
  for (KeySource* source : meant) source->publish(countdown.part());
  countdown.announced();
}

void KeyWatch::refresh(const Answer& answer) {
  auto text = std::make_shared<std::string>("{\"refreshed\":[");
  auto good = std::make_shared<bool>(true);
  Countdown countdown([answer, text, good] { answer(*good ? 200 : 502, *text + "]}"); });
  for (KeySource* source : sources_) {
    source->refresh(
        [name = source->name(), text, good, ended = countdown.part()](const Result<void>& outcome) {
          if (text->back() != '[') *text += ',';
          *text += "{\"issuer\":" + quoted(name);
          if (!outcome) *text += ",\"error\":" + quoted(outcome.error().text);
          *text += '}';
          *good = *good && outcome.has_value();
          ended();
        });
  }
  countdown.announced();
}

}  // namespace sallyport::bearer
