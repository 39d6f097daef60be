#include "modules/bearer/key_record.h"

#include <fmt/core.h>

#include <array>

#include "gateway/base/text.h"

namespace sallyport::bearer {
namespace {

constexpr std::int64_t kDay = 24 * 3600;
constexpr std::int64_t kOverlap = kDay;           // for which others may keep an old key set
constexpr std::int64_t kStillInUse = kDay;        // since its last signature
constexpr std::int64_t kStillArriving = 15 * 60;  // since the last token of a withdrawn key
constexpr std::int64_t kAging = 335 * kDay;
constexpr std::int64_t kTooOld = 365 * kDay;

constexpr std::string_view kVersion = "2";
constexpr std::string_view kVersionBefore = "1";
constexpr std::size_t kNumbers = 7;
constexpr std::size_t kNumbersBefore = 6;

std::optional<crypto::Sha256> read_hex(std::string_view text) {
  crypto::Sha256 bytes{};
  if (text.size() != 2 * bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = hex_value(text[2 * i]);
    const int low = hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return bytes;
}

}  // namespace

std::string encode_record(const KeyRecord& record) {
  return fmt::format("{} {} {} {} {} {} {} {} {}", kVersion, record.first_public,
                     record.last_public, record.first_use, record.last_use, record.denied_at,
                     record.was_there ? 1 : 0, record.rekeyed_at,
                     to_hex(crypto::as_text(record.thumbprint)));
}

std::optional<KeyRecord> decode_record(std::string_view text) {
  std::vector<std::string_view> pieces;
  for_each_piece(text, ' ', [&](std::string_view piece) { pieces.push_back(piece); });
  const bool is_before = pieces.front() == kVersionBefore;
  if (!is_before && pieces.front() != kVersion) return std::nullopt;
  if (pieces.size() != (is_before ? kNumbersBefore + 1 : kNumbers + 2)) return std::nullopt;
  std::array<std::int64_t, kNumbers> numbers{};
  for (std::size_t i = 0; i < (is_before ? kNumbersBefore : kNumbers); ++i) {
    const auto number = parse_decimal<std::int64_t>(pieces[i + 1]);
    if (!number) return std::nullopt;
    numbers[i] = *number;
  }
  const auto thumbprint = is_before ? crypto::Sha256{} : read_hex(pieces.back());
  if (!thumbprint || numbers[5] > 1) return std::nullopt;
  return KeyRecord{numbers[0], numbers[1],      numbers[2], numbers[3],
                   numbers[4], numbers[5] == 1, numbers[6], *thumbprint};
}

std::string_view to_string(KeyAlarm alarm) {
  switch (alarm) {
    case KeyAlarm::used_too_early:
      return "used_too_early";
    case KeyAlarm::withdrawn_used:
      return "withdrawn_used";
    case KeyAlarm::aging:
      return "aging";
    case KeyAlarm::too_old:
      return "too_old";
    case KeyAlarm::rekeyed:
      return "rekeyed";
  }
  return "unknown";
}

std::string_view help_of(KeyAlarm alarm) {
  switch (alarm) {
    case KeyAlarm::used_too_early:
      return "it signs before it has been public for 24 hours: whoever caches the key set for a "
             "day refuses its tokens; publish keys a day before they sign";
    case KeyAlarm::withdrawn_used:
      return "it is not published any more, and tokens that it signed still arrive: publish keys "
             "until the last token that they signed has expired, or look for who stole it";
    case KeyAlarm::aging:
      return "it has been in use for 335 days: plan its rotation";
    case KeyAlarm::too_old:
      return "it has been in use for 365 days: rotate it now";
    case KeyAlarm::rekeyed:
      return "its id stood for another key before: whoever has cached the key set refuses its "
             "tokens, and tokens of the key before are refused here; give every key an id of its "
             "own, and ask the issuer whether it was they who did this";
  }
  return "";
}

std::vector<KeyAlarm> alarms_of(const KeyRecord& record, bool is_public, std::int64_t now) {
  std::vector<KeyAlarm> alarms;
  const std::int64_t public_for = now - record.first_public;
  const bool is_early = !record.was_there && record.first_use != 0 &&
                        record.first_use - record.first_public < kOverlap;
  if (is_public && is_early && public_for < kOverlap) alarms.push_back(KeyAlarm::used_too_early);
  const bool arrives =
      record.last_use > record.last_public && now - record.last_use < kStillArriving;
  if (!is_public && arrives) alarms.push_back(KeyAlarm::withdrawn_used);
  const bool is_rekeyed = record.rekeyed_at != 0 && now - record.rekeyed_at < kOverlap;
  if (is_public && is_rekeyed) alarms.push_back(KeyAlarm::rekeyed);
  if (!is_public || record.last_use == 0 || now - record.last_use >= kStillInUse) return alarms;
  if (public_for >= kTooOld) {
    alarms.push_back(KeyAlarm::too_old);
  } else if (public_for >= kAging) {
    alarms.push_back(KeyAlarm::aging);
  }
  return alarms;
}

}  // namespace sallyport::bearer
