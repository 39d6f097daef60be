#pragma once

// RedisEntry is the value of a key that revokes: what it adds to the key's name.
//
//   "" or "1"                   always, as long as the key is there
//   "1800000000"                tokens issued until then (Unix seconds)
//   {"cutoff":1800000000, "reason":"…", "who":"…", "made":1800000000, "issuer":"https://…"}
//                               all of it optional; without a cutoff: always
//
// Anything else revokes always: that somebody meant to revoke is all that is known. Blanks and line
// ends around it do not count.

#include <cstdint>
#include <string>
#include <string_view>

#include "modules/revocation/record.h"
#include "modules/revocation/unit.h"

namespace sallyport::revocation {

// Of a longer value nothing is understood.
inline constexpr std::size_t kMaxRedisValue = 16 * 1024 - 1;

struct RedisEntry {
  std::int64_t cutoff = kAlways;
  std::int64_t made = 0;  // 0: the entry does not say
  std::string issuer;     // as text
  std::string reason;
  std::string who;
  std::string flaw;  // why it was not understood; empty: it was. Never quotes the value.
};

// parse_entry reads a value. `issuer` is the issuer_id of the key: an entry that names another one
// contradicts its key.
RedisEntry parse_entry(std::string_view value, std::string_view issuer);

// render_entry writes what parse_entry reads, at most kMaxRedisValue long.
std::string render_entry(const Record& record);

}  // namespace sallyport::revocation
