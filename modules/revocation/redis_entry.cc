#include "modules/revocation/redis_entry.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/json/json.h"
#include "gateway/json/value.h"
#include "modules/revocation/issuer.h"

namespace sallyport::revocation {
namespace {

constexpr std::int64_t kEarliest = 1'000'000'000;  // 2001: a smaller bare number is no time
constexpr std::int64_t kLatest = 253'402'300'799;  // the end of the year 9999

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

RedisEntry not_understood(std::string flaw) {
  RedisEntry entry;
  entry.flaw = std::move(flaw);
  return entry;
}

RedisEntry parse_number(std::string_view text) {
  const auto number = parse_decimal<std::int64_t>(text);
  if (!number) return not_understood("it is neither empty, 1, Unix seconds nor a JSON object");
  if (*number < kEarliest) return not_understood("the number is no time in Unix seconds");
  if (*number > kLatest) {
    return not_understood("the number is no time in Unix seconds; are they milliseconds?");
  }
  RedisEntry entry;
  entry.cutoff = *number;
  return entry;
}

bool take_time(const json::Value& value, std::int64_t& to) {
  const auto seconds = value.integer();
  if (!seconds || *seconds <= 0 || *seconds > kLatest) return false;
  to = *seconds;
  return true;
}

bool take_text(const json::Value& value, std::size_t longest, std::string& to) {
  if (!value.string() || value.string()->size() > longest) return false;
  to = *value.string();
  return true;
}

// take_member is false for what is not known or of another type: it may have been meant to narrow
// the revocation, and who knows to what.
bool take_member(RedisEntry& entry, std::string_view name, const json::Value& value) {
  if (name == "cutoff") return take_time(value, entry.cutoff);
  if (name == "made") return take_time(value, entry.made);
  if (name == "reason") return take_text(value, kMaxRemark, entry.reason);
  if (name == "who") return take_text(value, kMaxRemark, entry.who);
  if (name == "issuer") return take_text(value, kMaxName, entry.issuer);
  return false;
}

RedisEntry parse_object(std::string_view text, std::string_view issuer) {
  const auto object = json::parse(text, {.max_bytes = kMaxRedisValue, .max_depth = 2});
  if (!object || !object->is_object()) return not_understood("it is no valid JSON object");
  RedisEntry entry;
  std::string wrong;
  object->for_each_member([&](std::string_view name, const json::Value& value) {
    if (wrong.empty() && !take_member(entry, name, value)) {
      wrong = "a member of the JSON object is not known or has another type than it should";
    }
  });
  if (wrong.empty() && !entry.issuer.empty() && issuer_id(entry.issuer) != issuer) {
    wrong = "its issuer is not the one of its key";
  }
  if (!wrong.empty()) return not_understood(std::move(wrong));
  return entry;
}

}  // namespace

RedisEntry parse_entry(std::string_view value, std::string_view issuer) {
  if (value.size() > kMaxRedisValue) return not_understood("it is too long");
  const std::string_view text = without_blanks(value);
  if (text.empty() || text == "1") return {};
  if (text.front() == '{') return parse_object(text, issuer);
  return parse_number(text);
}

std::string render_entry(const Record& record) {
  json::Draft needed = json::Draft::object();
  // A cut-off beyond what may be ordered was given as "always".
  if (record.cutoff > 0 && record.cutoff <= kLatest) needed.set("cutoff", record.cutoff);
  if (record.made > 0) needed.set("made", record.made);
  json::Draft all = needed;
  if (!is_issuer_id(record.issuer)) all.text("issuer", record.issuer);
  all.text("who", record.who).text("reason", record.reason);
  if (all.is_empty()) return "1";
  std::string text = all.dump();
  if (text.size() <= kMaxRedisValue) return text;
  // Texts of control characters alone get six times as long.
  return needed.is_empty() ? "1" : needed.dump();
}

}  // namespace sallyport::revocation
