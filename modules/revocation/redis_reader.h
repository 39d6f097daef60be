#pragma once

// RedisReader asks a Redis what keys hold: those of a scan, and those that were said to have
// changed. Few questions are under way at a time, and each is small; so no turn of the loop takes
// long, and what is asked twice while it waits is asked once.

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "modules/revocation/redis_link.h"

namespace sallyport::revocation {

class RedisReader {
 public:
  struct Seen {
    std::string key;
    bool is_there = false;
    bool is_text = true;       // a value of another type has no text
    bool is_change = false;    // the server said that it changed; else a scan came by
    std::string value;         // at most one octet more than kMaxRedisValue
    std::int64_t ttl_ms = -1;  // -1: it never ends
  };
  struct Hooks {
    std::function<void(Seen)> on_seen;
    // What is known is not all: the link must begin again.
    std::function<void(const std::string& why)> on_failed;
  };

  RedisReader(RedisLink& link, Hooks hooks) : link_(link), hooks_(std::move(hooks)) {}

  // fetch asks for keys that changed.
  void fetch(std::vector<std::string> keys);
  // scan asks for all keys that begin with a prefix, then calls `done`; an earlier scan ends
  // without.
  void scan(const std::vector<std::string>& prefixes, std::function<void()> done);
  // after calls `done` when all that was asked for before has been seen.
  void after(std::function<void()> done);
  // reset forgets everything, as the link was lost. Answers that still come are of no interest.
  void reset();

 private:
  struct Wanted {
    std::string key;
    bool is_change = false;
    std::function<void()> done;  // instead of a key
  };

  bool enqueue(std::string key, bool is_change);
  void pump();
  void ask(std::vector<Wanted> batch);
  void on_batch(const std::vector<Wanted>& batch, const clients::RedisValue& values);
  void go_on_scanning();
  void on_page(clients::RedisValue page);
  bool send(const clients::RedisWords& words, clients::RedisReply reply);
  void fail(const std::string& why);

  RedisLink& link_;
  const Hooks hooks_;
  std::uint64_t round_ = 0;  // of reset
  std::uint64_t scan_ = 0;   // which one it is
  std::deque<Wanted> queue_;
  std::unordered_set<std::string> changed_;  // keys in the queue that changed
  std::size_t batches_ = 0;                  // under way
  std::vector<std::string> unscanned_;       // prefixes; the last is being scanned
  std::string cursor_;
  bool is_page_coming_ = false;
  std::function<void()> scanned_;
};

}  // namespace sallyport::revocation
