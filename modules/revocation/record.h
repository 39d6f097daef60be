#pragma once

// Record is a revocation as it is stored, listed and explained to people.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/json/value.h"
#include "modules/revocation/unit.h"

namespace sallyport::revocation {

inline constexpr std::size_t kMaxRemark = 512;  // of `reason` and `who`

// Origin is where a record is known from. The numbers are stored on disk.
enum class Origin : std::uint8_t {
  order = 0,    // ordered here; where a Redis is followed: it has not told us of it yet
  redis = 1,    // our own key in Redis
  foreign = 2,  // a key that another program wrote there for itself
};

// Times are Unix seconds.
struct Record {
  Unit unit = Unit::token;
  std::string issuer;  // empty: any; may be an issuer_id where nobody told the text
  std::string value;
  std::int64_t cutoff = kAlways;   // tokens issued then or earlier; kAlways: whenever issued
  std::int64_t expires = kAlways;  // forgotten then; kAlways: never
  std::int64_t made = 0;
  std::string reason;  // for the operator, free text
  std::string who;
  Origin origin = Origin::order;

  friend bool operator==(const Record&, const Record&) = default;
};

// record_key is the record's key on disk: one for every (unit, issuer, value), whether the issuer
// is given as text or as its issuer_id.
std::string record_key(Unit unit, std::string_view issuer, std::string_view value);

// encode_record and decode_record are the form on disk. Decoding returns nothing for what encoding
// did not make.
std::string encode_record(const Record& record);
std::optional<Record> decode_record(std::string_view bytes);

// describe makes a JSON object for operators; unlimited times are left out.
json::Draft describe(const Record& record);

}  // namespace sallyport::revocation
