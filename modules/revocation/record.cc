#include "modules/revocation/record.h"

#include "gateway/crypto/digest.h"
#include "modules/revocation/issuer.h"

namespace sallyport::revocation {
namespace {

constexpr char kVersion = 1;
constexpr char kVersionWithOrigin = 2;  // the same, and the origin at the end

void append_number(std::string& to, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) to += static_cast<char>(value >> (8 * i) & 0xff);
}

void append_text(std::string& to, std::string_view text) {
  append_number(to, text.size(), 2);
  to += text;
}

// Reader takes pieces off the front; after the first failure all of them fail.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t number(std::size_t bytes) {
    std::uint64_t value = 0;
    const std::string_view piece = take(bytes);
    for (std::size_t i = piece.size(); i > 0; --i) {
      value = value << 8 | static_cast<unsigned char>(piece[i - 1]);
    }
    return value;
  }
  std::int64_t time() { return static_cast<std::int64_t>(number(8)); }
  std::string text(std::size_t longest) {
    const std::size_t size = number(2);
    if (size > longest) is_good_ = false;
    return std::string(take(size));
  }
  bool is_done() const { return is_good_ && rest_.empty(); }

 private:
  std::string_view take(std::size_t bytes) {
    if (!is_good_ || rest_.size() < bytes) {
      is_good_ = false;
      return {};
    }
    const std::string_view piece = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return piece;
  }

  std::string_view rest_;
  bool is_good_ = true;
};

}  // namespace

std::string record_key(Unit unit, std::string_view issuer, std::string_view value) {
  std::string text;
  append_text(text, issuer_id(issuer));
  append_text(text, value);
  const crypto::Sha256 digest = crypto::sha256(text);
  return static_cast<char>(unit) + std::string(crypto::as_text(digest));
}

std::string encode_record(const Record& record) {
  const bool is_order = record.origin == Origin::order;
  std::string bytes{is_order ? kVersion : kVersionWithOrigin, static_cast<char>(record.unit)};
  for (const std::int64_t time : {record.cutoff, record.expires, record.made}) {
    append_number(bytes, static_cast<std::uint64_t>(time), 8);
  }
  for (const std::string* text : {&record.issuer, &record.value, &record.reason, &record.who}) {
    append_text(bytes, *text);
  }
  if (!is_order) append_number(bytes, static_cast<std::uint64_t>(record.origin), 1);
  return bytes;
}

std::optional<Record> decode_record(std::string_view bytes) {
  Reader reader(bytes);
  const std::uint64_t version = reader.number(1);
  if (version != kVersion && version != kVersionWithOrigin) return std::nullopt;
  const std::uint64_t unit = reader.number(1);
  if (unit < 1 || unit > kUnits.size()) return std::nullopt;
  Record record;
  record.unit = static_cast<Unit>(unit);
  record.cutoff = reader.time();
  record.expires = reader.time();
  record.made = reader.time();
  record.issuer = reader.text(kMaxName);
  record.value = reader.text(kMaxName);
  record.reason = reader.text(kMaxRemark);
  record.who = reader.text(kMaxRemark);
  const std::uint64_t origin = version == kVersion ? 0 : reader.number(1);
  if (origin > static_cast<std::uint64_t>(Origin::foreign)) return std::nullopt;
  record.origin = static_cast<Origin>(origin);
  if (!reader.is_done() || record.value.empty() || record.expires <= 0) return std::nullopt;
  return record;
}

json::Draft describe(const Record& record) {
  json::Draft out = json::Draft::object();
  out.set("unit", unit_name(record.unit)).set("value", record.value).text("issuer", record.issuer);
  if (record.cutoff != kAlways) out.set("cutoff", record.cutoff);
  if (record.expires != kAlways) out.set("expires", record.expires);
  out.text("reason", record.reason).text("who", record.who);
  if (record.origin == Origin::redis) out.set("from", "redis");
  if (record.origin == Origin::foreign) out.set("from", "redis, another program's key");
  return std::move(out).set("made", record.made);
}

}  // namespace sallyport::revocation
