#include "modules/revocation/redis_reader.h"

#include <memory>
#include <utility>

#include "modules/revocation/redis_entry.h"
#include "modules/revocation/redis_keys.h"

namespace sallyport::revocation {
namespace {

using clients::RedisReply;
using clients::RedisValue;
using clients::RedisWords;

// A batch's answer is at most half of what the connection takes for one reply.
constexpr std::size_t kBatch = 32;
constexpr std::size_t kMaxBatches = 8;
// Keys that one SCAN looks at; it answers with those that match.
constexpr const char* kScanCount = "500";
constexpr std::size_t kScanBelow = 1000;  // waiting keys
constexpr std::size_t kMaxQueue = 200'000;
const std::string kLastOctet = std::to_string(kMaxRedisValue);

// Value and remaining time of each key, read as one, so that they are of the same SET. GETRANGE, as
// a key may hold more than we want to read; nil for what is no string. No MULTI: a Redis that is
// out of memory refuses it, even to read.
constexpr std::string_view kScript = R"(
local found = {}
for i, key in ipairs(KEYS) do
  local value = redis.pcall('GETRANGE', key, 0, ARGV[1])
  if type(value) == 'table' then
    if not string.find(value.err, 'WRONGTYPE', 1, true) then return value end
    value = false
  end
  found[2 * i - 1] = value
  found[2 * i] = redis.call('PTTL', key)
end
return found)";

// glob makes a pattern that the keys with this prefix match, and no others.
std::string glob(std::string_view prefix) {
  std::string pattern;
  for (const char c : prefix) {
    if (std::string_view("*?[]\\^-").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern + '*';
}

}  // namespace

void RedisReader::reset() {
  ++round_;
  queue_.clear();
  changed_.clear();
  batches_ = 0;
  unscanned_.clear();
  is_page_coming_ = false;
  scanned_ = nullptr;
}

void RedisReader::fail(const std::string& why) {
  reset();
  hooks_.on_failed(why);
}

void RedisReader::fetch(std::vector<std::string> keys) {
  for (std::string& key : keys) {
    if (changed_.contains(key)) continue;
    if (key.size() <= kMaxRedisKey) changed_.insert(key);
    if (!enqueue(std::move(key), true)) return;
  }
  pump();
}

// enqueue leaves out what no revocation is named. False: it failed.
bool RedisReader::enqueue(std::string key, bool is_change) {
  if (key.size() > kMaxRedisKey) return true;
  if (queue_.size() >= kMaxQueue) {
    fail("more keys change than can be read");
    return false;
  }
  queue_.push_back({std::move(key), is_change, nullptr});
  return true;
}

void RedisReader::after(std::function<void()> done) {
  queue_.push_back({{}, false, std::move(done)});
  pump();
}

void RedisReader::pump() {
  while (!queue_.empty() && batches_ < kMaxBatches) {
    if (queue_.front().done) {
      if (batches_ > 0) return;
      const auto done = std::move(queue_.front().done);
      queue_.pop_front();
      const std::uint64_t round = round_;
      done();
      if (round != round_) return;
      continue;
    }
    // A batch that is not full waits for nothing but those under way.
    std::vector<Wanted> batch;
    while (!queue_.empty() && !queue_.front().done && batch.size() < kBatch) {
      if (queue_.front().is_change) changed_.erase(queue_.front().key);
      batch.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    ask(std::move(batch));
  }
  go_on_scanning();
}

bool RedisReader::send(const RedisWords& words, RedisReply reply) {
  return link_.command(words,
                       [this, round = round_, reply = std::move(reply)](Result<RedisValue> value) {
                         // A lost connection says so itself.
                         if (round == round_ && value) reply(std::move(value));
                       });
}

void RedisReader::ask(std::vector<Wanted> batch) {
  ++batches_;
  const std::string count = std::to_string(batch.size());
  RedisWords words{"EVAL", kScript, count};
  const auto asked = std::make_shared<const std::vector<Wanted>>(std::move(batch));
  for (const Wanted& wanted : *asked) words.push_back(wanted.key);
  words.push_back(kLastOctet);
  const bool is_sent =
      send(words, [this, asked](const Result<RedisValue>& values) { on_batch(*asked, *values); });
  if (!is_sent) fail("it cannot be asked");
}

void RedisReader::on_batch(const std::vector<Wanted>& batch, const RedisValue& values) {
  --batches_;
  // What may not be read may revoke: it cannot be passed over.
  if (values.is_error()) return fail("keys cannot be read: " + values.text);
  if (values.items.size() != 2 * batch.size()) return fail("keys cannot be read");
  const std::uint64_t round = round_;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const RedisValue& value = values.items[2 * i];
    const RedisValue& ttl = values.items[2 * i + 1];
    Seen seen;
    seen.key = batch[i].key;
    seen.is_change = batch[i].is_change;
    seen.is_there = ttl.integer != -2;
    seen.is_text = value.kind == RedisValue::Kind::text;
    seen.value = value.text;
    seen.ttl_ms = ttl.integer;
    hooks_.on_seen(std::move(seen));
    if (round != round_) return;
  }
  pump();
}

void RedisReader::scan(const std::vector<std::string>& prefixes, std::function<void()> done) {
  ++scan_;
  is_page_coming_ = false;
  unscanned_ = prefixes;
  cursor_ = "0";
  scanned_ = [this, scan = scan_, done = std::move(done)] {
    if (scan == scan_) done();
  };
  go_on_scanning();
}

void RedisReader::go_on_scanning() {
  if (unscanned_.empty() || is_page_coming_ || queue_.size() >= kScanBelow) return;
  is_page_coming_ = true;
  const std::string pattern = glob(unscanned_.back());
  if (!send({"SCAN", cursor_, "MATCH", pattern, "COUNT", kScanCount},
            [this, scan = scan_](Result<RedisValue> page) {
              if (scan == scan_) on_page(*std::move(page));
            })) {
    fail("it cannot be asked");
  }
}

void RedisReader::on_page(RedisValue page) {
  is_page_coming_ = false;
  if (page.is_error()) return fail("keys cannot be listed: " + page.text);
  if (!page.is_array_of(2)) return fail("keys cannot be listed");
  for (RedisValue& key : page.items[1].items) {
    if (!enqueue(std::move(key.text), false)) return;
  }
  cursor_ = page.items[0].text;
  if (cursor_ == "0") unscanned_.pop_back();
  if (unscanned_.empty() && scanned_) {
    queue_.push_back({{}, false, std::exchange(scanned_, nullptr)});
  }
  pump();
}

}  // namespace sallyport::revocation
