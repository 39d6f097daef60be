#include "gateway/desk/certificate_register.h"

#include <algorithm>
#include <charconv>

#include "gateway/base/text.h"
#include "gateway/crypto/base64.h"
#include "gateway/crypto/certificate.h"
#include "gateway/json/json.h"
#include "gateway/json/value.h"

namespace sallyport::desk {
namespace {

constexpr std::size_t kMaxPlaces = 16;
// A chain of ten certificates of the largest size, in base64url, and some text.
constexpr json::Limits kLimits{.max_bytes = 600 * 1024, .max_depth = 4};

std::string text_of(const json::Value& value, std::string_view name) {
  return std::string(value.member(name).string().value_or(""));
}

template <class Number>
bool read_number(std::string_view text, Number& to) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
  return error == std::errc() && end == text.data() + text.size();
}

std::optional<std::string> der_of(const json::Value& value) {
  const auto text = value.string();
  return text ? crypto::decode_base64url(*text) : std::nullopt;
}

}  // namespace

void SeenCertificate::count(std::uint64_t more, std::int64_t unix_seconds) {
  const std::int64_t slot = unix_seconds / kSlotSeconds;
  // Slots that have passed without a handshake are those of a day ago.
  for (std::int64_t i = std::max(newest_slot_ + 1, slot - kSlots + 1); i <= slot; ++i) {
    slots_[static_cast<std::size_t>(i % kSlots)] = 0;
  }
  newest_slot_ = std::max(newest_slot_, slot);
  if (slot > newest_slot_ - kSlots) {
    slots_[static_cast<std::size_t>(slot % kSlots)] += static_cast<std::uint32_t>(more);
  }
  handshakes += more;
}

std::uint64_t SeenCertificate::handshakes_in(Seconds period, WallTime now) const {
  const std::int64_t slot = now.unix_seconds() / kSlotSeconds;
  const std::int64_t first =
      std::max(slot - period.count() / kSlotSeconds + 1, newest_slot_ - kSlots + 1);
  std::uint64_t sum = 0;
  for (std::int64_t i = std::max<std::int64_t>(first, 0); i <= std::min(slot, newest_slot_); ++i) {
    sum += slots_[static_cast<std::size_t>(i % kSlots)];
  }
  return sum;
}

std::string SeenCertificate::recent() const {
  std::string out;
  const std::int64_t oldest = std::max<std::int64_t>(newest_slot_ - kSlots + 1, 0);
  for (std::int64_t slot = oldest; slot <= newest_slot_; ++slot) {
    const std::uint32_t of_slot = slots_[static_cast<std::size_t>(slot % kSlots)];
    if (of_slot == 0) continue;
    if (!out.empty()) out += ' ';
    out += std::to_string(slot) + ":" + std::to_string(of_slot);
  }
  return out;
}

bool SeenCertificate::restore_recent(std::string_view text) {
  bool is_good = true;
  const std::uint64_t all = handshakes;
  for_each_piece(text, ' ', [&](std::string_view piece) {
    const std::size_t colon = piece.find(':');
    std::int64_t slot = 0;
    std::uint32_t of_slot = 0;
    const bool is_pair = colon != std::string_view::npos &&
                         read_number(piece.substr(0, colon), slot) &&
                         read_number(piece.substr(colon + 1), of_slot);
    // A slot that is no time would not be found again.
    const bool is_time = is_pair && slot > newest_slot_ && slot <= last_seen / kSlotSeconds;
    is_good = is_good && (piece.empty() || is_time);
    if (is_time) count(of_slot, slot * kSlotSeconds);
  });
  handshakes = all;
  return is_good;
}

Result<std::unique_ptr<CertificateRegister>> CertificateRegister::open(Options options,
                                                                       WallTime now) {
  std::unique_ptr<CertificateRegister> made(new CertificateRegister(std::move(options)));
  if (made->options_.folder.empty()) return made;
  auto store = clients::LmdbStore::open(
      {.folder = made->options_.folder, .max_bytes = 1024UL * 1024 * 1024});
  if (!store) return store.error();
  made->store_ = std::move(*store);
  const auto read = made->store_->for_each({}, [&](std::string_view, std::string_view value) {
    // What an older version wrote and we cannot read is not worth a start that fails.
    if (auto seen = decode(value)) made->by_digest_[seen->view.sha256] = std::move(*seen);
    return made->by_digest_.size() < made->options_.max;
  });
  if (!read) return read.error();
  made->save(now);
  return made;
}

void CertificateRegister::note(const server::Sighting& sighting) {
  const crypto::VerifiedCertificate& certificate = *sighting.certificate;
  const crypto::Sha256& key = certificate.view().sha256;
  auto found = by_digest_.find(key);
  if (found == by_digest_.end()) {
    make_room();
    found = by_digest_.emplace(key, SeenCertificate{}).first;
    found->second.first_seen = sighting.last_seen;
  }
  SeenCertificate& seen = found->second;
  seen.view = certificate.view();
  seen.store = certificate.trust_store();
  seen.entry = certificate.entry();
  seen.identity = certificate.identity();
  if (seen.where.size() < kMaxPlaces) seen.where.insert(sighting.where);
  seen.last_seen = std::max(seen.last_seen, sighting.last_seen);
  seen.count(sighting.handshakes, sighting.last_seen);
  seen.is_dirty_ = true;
}

void CertificateRegister::make_room() {
  if (by_digest_.size() < options_.max) return;
  const auto oldest = std::min_element(
      by_digest_.begin(), by_digest_.end(),
      [](const auto& a, const auto& b) { return a.second.last_seen < b.second.last_seen; });
  forget(crypto::Sha256(oldest->first));
}

void CertificateRegister::forget(const crypto::Sha256& key) {
  by_digest_.erase(key);
  if (!store_) return;
  const std::string stored(crypto::as_text(key));
  if (!store_->erase({&stored, 1})) ++save_failures_;
}

void CertificateRegister::save(WallTime now) {
  // Each write waits for the disk; the rest waits for the next time.
  constexpr int kAtATime = 64;
  int left = kAtATime;
  std::vector<crypto::Sha256> old;
  for (auto& [key, seen] : by_digest_) {
    if (seen.last_seen < now.unix_seconds() - options_.keep.count()) {
      old.push_back(key);
      continue;
    }
    if (!store_ || !seen.is_dirty_ || left == 0) continue;
    --left;
    if (store_->put(crypto::as_text(key), encode(seen))) {
      seen.is_dirty_ = false;
    } else {
      ++save_failures_;
    }
  }
  for (const auto& key : old) forget(key);
}

std::vector<const SeenCertificate*> CertificateRegister::all() const {
  std::vector<const SeenCertificate*> out;
  for (const auto& [key, seen] : by_digest_) out.push_back(&seen);
  return out;
}

std::int64_t CertificateRegister::last_use(std::string_view store, std::string_view entry) const {
  std::int64_t last = 0;
  for (const auto& [key, seen] : by_digest_) {
    if (seen.store == store && seen.entry == entry) last = std::max(last, seen.last_seen);
  }
  return last;
}

std::string encode(const SeenCertificate& seen) {
  json::Draft chain = json::Draft::array();
  chain.add(crypto::encode_base64url(seen.view.der));
  for (const std::string& der : seen.view.chain_der) chain.add(crypto::encode_base64url(der));
  return json::Draft::object()
      .text("store", seen.store)
      .text("entry", seen.entry)
      .text("identity", seen.identity)
      .set("first_seen", seen.first_seen)
      .set("last_seen", seen.last_seen)
      .set("handshakes", seen.handshakes)
      .text("recent", seen.recent())
      .set("chain", std::move(chain))
      .set("where", json::Draft::list(seen.where))
      .dump();
}

Result<SeenCertificate> decode(std::string_view text) {
  const Error malformed{Fault::gateway, "an entry of the certificate register is malformed"};
  const auto parsed = json::parse(text, kLimits);
  if (!parsed) return parsed.error();
  const json::Value chain = parsed->member("chain");
  const auto leaf = der_of(chain.at(0));
  auto view = leaf ? crypto::view_certificate(*leaf) : Result<crypto::CertificateView>(malformed);
  if (!view) return malformed;
  SeenCertificate seen;
  seen.view = std::move(*view);
  for (std::size_t i = 1; i < chain.size(); ++i) {
    auto der = der_of(chain.at(i));
    if (!der) return malformed;
    seen.view.chain_der.push_back(std::move(*der));
  }
  seen.store = text_of(*parsed, "store");
  seen.entry = text_of(*parsed, "entry");
  seen.identity = text_of(*parsed, "identity");
  seen.first_seen = parsed->member("first_seen").integer().value_or(0);
  seen.last_seen = parsed->member("last_seen").integer().value_or(0);
  seen.handshakes = static_cast<std::uint64_t>(parsed->member("handshakes").integer().value_or(0));
  if (!seen.restore_recent(text_of(*parsed, "recent"))) return malformed;
  const json::Value where = parsed->member("where");
  for (std::size_t i = 0; i < where.size() && i < kMaxPlaces; ++i) {
    if (const auto place = where.at(i).string()) seen.where.emplace(*place);
  }
  return seen;
}

}  // namespace sallyport::desk
