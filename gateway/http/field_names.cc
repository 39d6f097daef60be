#include "gateway/http/field_names.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "gateway/base/text.h"
#include "gateway/http/chars.h"
#include "gateway/http/folded_name.h"
#include "gateway/http/trust_fields.h"

namespace sallyport::http {
namespace {

enum Trait : std::uint8_t { kHop = 1, kFraming = 2, kUnlistable = 4, kNoTrailer = 8 };
constexpr int kEndToEnd = kUnlistable | kNoTrailer;

struct Known {
  std::string_view name;
  int traits;
};

// Unlistable are the fields by which upstreams decide who asks, for what, and what
// may be stored; a custom field may still be hop-by-hop by its sender's wish.
constexpr std::array kKnown{
    Known{"accept", kEndToEnd},
    Known{"accept-encoding", kEndToEnd},
    Known{"accept-language", kEndToEnd},
    Known{"age", kEndToEnd},
    Known{"allow", kEndToEnd},
    Known{"authentication-info", kEndToEnd},
    Known{"authorization", kEndToEnd},
    Known{"cache-control", kEndToEnd},
    Known{"connection", kHop | kFraming | kUnlistable},
    Known{"content-digest", kUnlistable},  // RFC 9530 allows it as a trailer
    Known{"content-length", kFraming | kUnlistable},
    Known{"cookie", kEndToEnd},
    Known{"date", kEndToEnd},
    Known{"dpop", kEndToEnd},
    Known{"dpop-nonce", kEndToEnd},
    Known{"etag", kUnlistable},
    Known{"expect", kFraming | kUnlistable},
    Known{"expires", kEndToEnd},
    Known{"host", kFraming | kUnlistable},
    Known{"http2-settings", kHop | kFraming},
    Known{"idempotency-key", kEndToEnd},
    Known{"keep-alive", kHop | kFraming},
    Known{"last-modified", kEndToEnd},
    Known{"location", kEndToEnd},
    Known{"max-forwards", kEndToEnd},
    Known{"origin", kEndToEnd},
    Known{"pragma", kEndToEnd},
    Known{"proxy-authenticate", kHop},
    Known{"proxy-authentication-info", kHop},
    Known{"proxy-authorization", kHop},
    Known{"proxy-connection", kHop | kFraming},
    Known{"range", kEndToEnd},
    Known{"referer", kEndToEnd},
    Known{"retry-after", kEndToEnd},
    Known{"server", kUnlistable},
    Known{"set-cookie", kEndToEnd},
    Known{"signature", kUnlistable},
    Known{"signature-input", kUnlistable},
    Known{"strict-transport-security", kEndToEnd},
    Known{"te", kHop | kFraming},
    Known{"trailer", kHop | kFraming},
    Known{"transfer-encoding", kHop | kFraming | kUnlistable},
    Known{"upgrade", kHop | kFraming},
    Known{"user-agent", kEndToEnd},
    Known{"vary", kEndToEnd},
    Known{"via", kEndToEnd},
    Known{"www-authenticate", kEndToEnd},
    Known{"x-api-key", kEndToEnd},
    Known{"x-idempotency-key", kEndToEnd},
    Known{"x-request-id", kEndToEnd},
};

constexpr std::array kKnownPrefixes{
    Known{"access-control-", kEndToEnd},
    Known{"content-", kEndToEnd},
    Known{"if-", kEndToEnd},
    Known{"sec-", kEndToEnd},
    Known{"x-fapi-", kEndToEnd},
};

constexpr bool begin_differently(const auto& known) {
  for (std::size_t i = 0; i < known.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (known[i].name.front() == known[j].name.front()) return false;
    }
  }
  return true;
}
static_assert(begin_differently(kKnownPrefixes));

// Names finds a name in one of the lists above. Every field is looked up several times on its way,
// and nearly none is in a list: length, first and last octet say so without a comparison.
template <std::size_t kCount>
class Names {
 public:
  consteval explicit Names(const std::array<Known, kCount>& known) : known_(known) {
    for (std::size_t i = 0; i < kCount; ++i) {
      std::size_t slot = slot_of(known[i].name);
      while (slots_[slot] != 0) slot = (slot + 1) % kSlots;
      slots_[slot] = static_cast<std::uint8_t>(i + 1);
    }
  }

  // find returns null when the list does not have that name.
  const Known* find(std::string_view name) const {
    if (name.empty()) return nullptr;
    for (std::size_t slot = slot_of(name); slots_[slot] != 0; slot = (slot + 1) % kSlots) {
      const Known& known = known_[slots_[slot] - 1];
      if (folds_to(name, known.name)) return &known;
    }
    return nullptr;
  }

 private:
  static constexpr std::size_t kSlots = std::bit_ceil(kCount * 8);  // a search ends soon
  static_assert(kCount < 255);

  static constexpr std::size_t slot_of(std::string_view name) {
    const auto first = static_cast<unsigned char>(fold(name.front()));
    const auto last = static_cast<unsigned char>(fold(name.back()));
    return (name.size() * 37 + first * 11u + last * 3u) % kSlots;
  }

  const std::array<Known, kCount>& known_;
  std::array<std::uint8_t, kSlots> slots_{};  // index into known_ and one; zero: none
};

// with_trait picks the fields that have one of those traits. A question about few names has a table
// of its own: in that of all, ordinary fields are found, and compared to the last octet.
template <int kTraits>
consteval auto with_trait() {
  constexpr auto has = [](const Known& known) { return (known.traits & kTraits) != 0; };
  std::array<Known, std::ranges::count_if(kKnown, has)> found{};
  std::ranges::copy_if(kKnown, found.begin(), has);
  return found;
}

constexpr auto kHopFields = with_trait<kHop>();
constexpr auto kFramingFields = with_trait<kFraming>();
constexpr auto kHttp1Fields = with_trait<kHop | kFraming>();
static_assert(std::ranges::none_of(kKnownPrefixes, [](const Known& prefix) {
  return (prefix.traits & (kHop | kFraming)) != 0;
}));

constexpr Names kHopNames(kHopFields);
constexpr Names kFramingNames(kFramingFields);
constexpr Names kHttp1Names(kHttp1Fields);
constexpr Names kKnownNames(kKnown);

int traits_of(std::string_view name) {
  if (const Known* known = kKnownNames.find(name)) return known->traits;
  // No two prefixes begin with the same octet.
  const auto prefix = std::ranges::find_if(kKnownPrefixes, [name](const Known& one) {
    return !name.empty() && fold(name.front()) == one.name.front();
  });
  return prefix != kKnownPrefixes.end() && folds_to_prefix(name, prefix->name) ? prefix->traits : 0;
}

bool has_trait(std::string_view name, int traits) { return (traits_of(name) & traits) != 0; }

}  // namespace

bool is_token(std::string_view name) { return !name.empty() && is_all(name, kTokenChar); }

bool is_field_value(std::string_view value) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  if (value.empty()) return true;
  return is_all(value, kFieldChar) && !is_space(value.front()) && !is_space(value.back());
}

bool is_token68(std::string_view text) { return !text.empty() && is_all(text, kToken68Char); }

std::string folded(std::string_view name) {
  std::string text(name);
  std::ranges::transform(text, text.begin(), fold);
  return text;
}

bool equals_folded(std::string_view name, std::string_view canonical) {
  return folds_to(name, canonical);
}

bool is_hop_by_hop(std::string_view name) { return kHopNames.find(name) != nullptr; }

bool is_framing(std::string_view name) { return kFramingNames.find(name) != nullptr; }

bool is_of_http_1(std::string_view name) { return kHttp1Names.find(name) != nullptr; }

bool is_trust(std::string_view name) { return find_trust_family(name) != nullptr; }

bool is_known(std::string_view name) { return traits_of(name) != 0; }

bool is_lookalike(std::string_view name) { return !is_all(name, kPlainNameChar); }

bool is_unlistable(std::string_view name) { return has_trait(name, kUnlistable) || is_trust(name); }

bool is_forbidden_trailer(std::string_view name) {
  return has_trait(name, kHop | kFraming | kNoTrailer) || is_trust(name);
}

}  // namespace sallyport::http
