#include "modules/revocation/redis_writer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "modules/revocation/issuer.h"
#include "modules/revocation/redis_entry.h"

namespace sallyport::revocation {
namespace {

using clients::RedisValue;
using clients::RedisWords;

// A note of a reinstatement lives as long as somebody could remember the revocation, but not for
// ever.
constexpr std::int64_t kLongestNote = std::int64_t{400} * 24 * 3600;

// life returns the options of SET by which a key ends after `seconds`; kAlways: never.
std::vector<std::string> life(std::int64_t seconds) {
  if (seconds == kAlways) return {};
  return {"EX", std::to_string(std::max<std::int64_t>(seconds, 1))};
}

std::int64_t left(std::int64_t now, std::int64_t expires) {
  return expires == kAlways ? kAlways : expires - now;
}

}  // namespace

RedisName name_of(const Record& record) {
  return {record.unit, issuer_id(record.issuer), record.value};
}

bool RedisWriter::send(const RedisWords& words, Done done) {
  const bool is_sent =
      link_.command(words, [this, done = std::move(done)](const Result<RedisValue>& reply) {
        --under_way_;
        done(!reply ? reply.error().text : reply->is_error() ? reply->text : "");
      });
  if (is_sent) ++under_way_;
  return is_sent;
}

// life_of: a clock that is not to be believed does not shorten a copy's life, which is then as long
// as the revocation's own was to be. What ends too early in the Redis would look like a deletion to
// others.
std::int64_t RedisWriter::life_of(const Record& record, std::int64_t now) const {
  const std::int64_t seconds = left(now, record.expires);
  if (seconds == kAlways || record.made <= 0 || is_clock_good_()) return seconds;
  return std::max(seconds, record.expires - record.made);
}

bool RedisWriter::set(const Record& record, std::int64_t now, bool if_absent, Done done) {
  const std::string key = keys_.key(name_of(record));
  const std::string value = render_entry(record);
  const std::vector<std::string> options = life(life_of(record, now));
  RedisWords words{"SET", key, value};
  words.insert(words.end(), options.begin(), options.end());
  if (if_absent) words.push_back("NX");
  return send(words, std::move(done));
}

bool RedisWriter::write(const Record& record, std::int64_t now, Done done) {
  return set(record, now, false, std::move(done));
}

bool RedisWriter::restore(const Record& record, std::int64_t now, Done done) {
  return set(record, now, true, std::move(done));
}

bool RedisWriter::erase(const RedisName& name, std::int64_t now, std::int64_t expires, Done done) {
  // First the note: a gateway that sees the key gone may look for it.
  note_reinstated(name, now, expires);
  const std::vector<std::string> gone = keys_.all_keys(name);
  RedisWords words{"DEL"};
  words.insert(words.end(), gone.begin(), gone.end());
  return send(words, std::move(done));
}

void RedisWriter::note_reinstated(const RedisName& name, std::int64_t now, std::int64_t expires) {
  const std::string key = keys_.reinstated_key(name);
  const std::string when = std::to_string(now);
  const std::vector<std::string> options = life(std::min(left(now, expires), kLongestNote));
  RedisWords words{"SET", key, when};
  words.insert(words.end(), options.begin(), options.end());
  // Without the note a gateway that is away goes on refusing, which is the safe way to be wrong.
  (void)send(words, [](const std::string&) {});
}

}  // namespace sallyport::revocation
