#include "modules/revocation/redis_link.h"

#include <utility>

#include "gateway/base/text.h"

namespace sallyport::revocation {
namespace {

using clients::RedisValue;
using clients::RedisWords;

constexpr std::string_view kChannel = "__redis__:invalidate";

}  // namespace

std::string info_field(std::string_view info, std::string_view name) {
  std::string value;
  for_each_piece(info, '\n', [&](std::string_view line) {
    if (line.size() <= name.size() || !line.starts_with(name) || line[name.size()] != ':') return;
    value = trim(line.substr(name.size() + 1));
    if (value.ends_with('\r')) value.pop_back();
  });
  return value;
}

RedisLink::RedisLink(event::Loop& loop, const clients::RedisEndpoint& endpoint,
                     std::vector<std::string> prefixes, Hooks hooks, clients::RedisRetry retry)
    : prefixes_(std::move(prefixes)),
      hooks_(std::move(hooks)),
      asking_(loop, endpoint,
              {.on_up = [this] { on_up(); },
               .on_down = [this](const std::string& why) { on_down(why); },
               .on_message = nullptr},
              retry),
      told_(loop, endpoint,
            {.on_up = [this] { on_up(); },
             .on_down = [this](const std::string& why) { on_down(why); },
             .on_message = [this](RedisValue message) { on_message(std::move(message)); }},
            retry) {}

const std::string& RedisLink::last_error() const {
  const bool is_unreachable = !asking_.is_up() && !asking_.last_error().empty();
  return is_unreachable ? asking_.last_error() : last_error_;
}

void RedisLink::on_up() {
  if (!asking_.is_up() || !told_.is_up()) return;
  phase_ = Phase::subscribing;
  ask_told({"CLIENT", "ID"},
           [this](const RedisValue& id) { told_id_ = std::to_string(id.integer); });
  ask_told({"INFO", "server"}, [this](const RedisValue& info) {
    told_run_ = info_field(info.text, "run_id");
    subscribe();
  });
}

void RedisLink::subscribe() {
  const RedisWords channels{kChannel};
  const bool is_sent = told_.subscribe(
      channels, unless_refused("SUBSCRIBE", [this](const RedisValue&) { compare(); }));
  if (!is_sent) drop("it cannot be subscribed to");
}

// A connection's number means nothing in another process: changes would be told to a stranger.
void RedisLink::compare() {
  ask({"INFO", "server"}, [this](const RedisValue& info) {
    run_id_ = info_field(info.text, "run_id");
    if (run_id_.empty() || run_id_ != told_run_) {
      return drop("the two connections are to different servers");
    }
    track();
  });
}

void RedisLink::track() {
  RedisWords words{"CLIENT", "TRACKING", "ON", "REDIRECT", told_id_, "BCAST"};
  for (const std::string& prefix : prefixes_) words.insert(words.end(), {"PREFIX", prefix});
  ask(words, [this](const RedisValue&) {
    if (phase_ != Phase::subscribing) return;
    phase_ = Phase::tracking;
    last_error_.clear();
    hooks_.on_tracking();
  });
}

void RedisLink::on_down(const std::string& why) {
  const bool was_tracking = std::exchange(phase_, Phase::down) == Phase::tracking;
  if (last_error_.empty() || !was_tracking) last_error_ = why;
  asking_.drop(why);
  told_.drop(why);
  if (was_tracking) hooks_.on_lost(why);
}

void RedisLink::drop(const std::string& why) {
  last_error_ = server() + ": " + why;
  asking_.drop(last_error_);
  told_.drop(last_error_);
}

// ["message", channel, [key, …]]; with nil for the keys when a database was emptied.
void RedisLink::on_message(RedisValue message) {
  if (!message.is_array_of(3) || message.items[1].text != kChannel) return;
  RedisValue& what = message.items[2];
  if (what.kind == RedisValue::Kind::nil) return hooks_.on_flushed();
  std::vector<std::string> keys;
  keys.reserve(what.items.size());
  for (RedisValue& key : what.items) keys.push_back(std::move(key.text));
  hooks_.on_changed(std::move(keys));
}

// A lost connection says so itself.
clients::RedisReply RedisLink::unless_refused(std::string what,
                                              std::function<void(RedisValue)> then) {
  return [this, what = std::move(what), then = std::move(then)](Result<RedisValue> reply) {
    if (!reply) return;
    if (reply->is_error()) return drop(what + " is refused: " + reply->text);
    then(*std::move(reply));
  };
}

void RedisLink::ask(const RedisWords& words, std::function<void(RedisValue)> then) {
  const std::string what = std::string(words[0]) + ' ' + std::string(words[1]);
  if (!asking_.command(words, unless_refused(what, std::move(then)))) drop("it cannot be asked");
}

void RedisLink::ask_told(const RedisWords& words, std::function<void(RedisValue)> then) {
  const std::string what = std::string(words[0]) + ' ' + std::string(words[1]);
  if (!told_.command(words, unless_refused(what, std::move(then)))) drop("it cannot be asked");
}

}  // namespace sallyport::revocation
