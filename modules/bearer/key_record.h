#pragma once

// KeyRecord is what is remembered of one key of an issuer across restarts, and what in it should
// worry an operator.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/crypto/digest.h"

namespace sallyport::bearer {

// Times are Unix seconds; zero: never.
struct KeyRecord {
  std::int64_t first_public = 0;  // when it was first seen in the issuer's key set
  std::int64_t last_public = 0;
  std::int64_t first_use = 0;  // when it first verified a token
  std::int64_t last_use = 0;
  std::int64_t denied_at = 0;  // by an operator; zero: it is not denied
  // The key was there when the issuer was first looked at: nobody knows for how long.
  bool was_there = false;
  std::int64_t rekeyed_at = 0;  // when its id came to stand for this key instead of another
  crypto::Sha256 thumbprint{};  // which key it is; all zeros: not known (RFC 7638)

  friend bool operator==(const KeyRecord&, const KeyRecord&) = default;
};

// encode_record and decode_record are the form on disk; nothing comes back from what is no record
// of this version, or of the one before, which had neither of the last two.
std::string encode_record(const KeyRecord& record);
std::optional<KeyRecord> decode_record(std::string_view text);

// KeyAlarm names what is wrong in the life of a key.
enum class KeyAlarm : std::uint8_t {
  used_too_early,  // signs before all who cache key sets for a day can know it
  withdrawn_used,  // was withdrawn while tokens that it signed are still alive
  aging,           // in use for 335 days: time to plan the rotation
  too_old,         // in use for 365 days
  rekeyed,         // its id stood for another key until lately
};
inline constexpr int kKeyAlarms = static_cast<int>(KeyAlarm::rekeyed) + 1;
std::string_view to_string(KeyAlarm alarm);
// help_of says what the operator should do about it.
std::string_view help_of(KeyAlarm alarm);

// alarms_of judges one key at `now`; `is_public` says whether the issuer publishes it right now.
std::vector<KeyAlarm> alarms_of(const KeyRecord& record, bool is_public, std::int64_t now);

}  // namespace sallyport::bearer
