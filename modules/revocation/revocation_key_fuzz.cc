// Whatever stands in a Redis: a key that names a revocation is written as it was read, and a value
// that is not understood revokes always. The first line is the key, the rest its value.

#include <cstdint>
#include <string>

#include "gateway/base/check.h"
#include "modules/revocation/issuer.h"
#include "modules/revocation/redis_entry.h"
#include "modules/revocation/redis_keys.h"

namespace {

using namespace sallyport::revocation;

const RedisKeys& keys() {
  static const RedisKeys keys("sallyport:revoked:",
                              {{*RedisPattern::parse("denylist:jti:{jti}"), false},
                               {*RedisPattern::parse("auth:{iss}:user:{subject}:after"), true},
                               // The most specific one counts.
                               {*RedisPattern::parse("deny:{jti}"), false},
                               {*RedisPattern::parse("deny:{iss}:{client}"), false},
                               {*RedisPattern::parse("deny:kid:{kid}"), true}});
  return keys;
}

void same(const RedisName& a, const RedisName& b) {
  SALLYPORT_CHECK(a.unit == b.unit && a.issuer == b.issuer && a.value == b.value);
}

void check_key(const RedisKey& key, std::string_view text) {
  if (key.kind == RedisKey::Kind::unknown) return;
  SALLYPORT_CHECK(!key.name.value.empty() && key.name.value.size() <= kMaxName);
  SALLYPORT_CHECK(key.name.issuer.empty() || is_issuer_id(key.name.issuer));
  const std::string own = keys().key(key.name);
  SALLYPORT_CHECK(keys().parse(own).kind == RedisKey::Kind::own);
  same(keys().parse(own).name, key.name);
  for (const std::string& again : keys().all_keys(key.name))
    same(keys().parse(again).name, key.name);
  if (key.kind != RedisKey::Kind::foreign) return;
  for (const std::string& again : keys().foreign_keys(key.name)) {
    SALLYPORT_CHECK(again.size() <= text.size() + kIssuerDigits);
    same(keys().parse(again).name, key.name);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\n');
  const RedisKey key = keys().parse(text.substr(0, end));
  check_key(key, text.substr(0, end));
  if (end == std::string_view::npos) return 0;
  const RedisEntry entry = parse_entry(text.substr(end + 1), key.name.issuer);
  SALLYPORT_CHECK(entry.flaw.empty() || entry.cutoff == kAlways);
  SALLYPORT_CHECK(entry.issuer.empty() || issuer_id(entry.issuer) == key.name.issuer);
  Record record;
  record.issuer = entry.issuer.empty() ? key.name.issuer : entry.issuer;
  record.cutoff = entry.cutoff;
  record.made = entry.made;
  record.reason = entry.reason;
  record.who = entry.who;
  const RedisEntry again = parse_entry(render_entry(record), key.name.issuer);
  SALLYPORT_CHECK(again.flaw.empty() && again.cutoff == entry.cutoff);
  return 0;
}
