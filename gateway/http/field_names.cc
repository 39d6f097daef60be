#include "gateway/http/field_names.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "gateway/base/text.h"
#include "gateway/http/chars.h"

namespace sallyport::http {
namespace {

enum Trait : std::uint8_t { kHop = 1, kFraming = 2, kUnlistable = 4, kNoTrailer = 8, kTrust = 16 };
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

// Via is not here: it is appended to along the way and nobody decides by it.
constexpr std::array<Known, 28> kTrustNames{{
    {"cf-connecting-ip", kTrust},        // the client, as delivery networks see it
    {"cf-connecting-ipv6", kTrust},      // the same
    {"client-cert", kTrust},             // RFC 9440
    {"client-cert-chain", kTrust},       // RFC 9440
    {"client-ip", kTrust},               // the client's address
    {"fastly-client-ip", kTrust},        // the client's address
    {"forwarded", kTrust},               // RFC 7239
    {"front-end-https", kTrust},         // whether the client used TLS
    {"proxy", kTrust},                   // becomes HTTP_PROXY in CGI programs
    {"remote-addr", kTrust},             // a CGI variable, for servers that mix them with fields
    {"remote-user", kTrust},             // the same
    {"true-client-ip", kTrust},          // the client's address
    {"x-access-token", kTrust},          // tokens, as identity-aware proxies hand them on
    {"x-anonymous-consumer", kTrust},    // whether somebody was authenticated
    {"x-arr-clientcert", kTrust},        // the client certificate
    {"x-arr-ssl", kTrust},               // the same
    {"x-azure-clientip", kTrust},        // the client's address
    {"x-client-ip", kTrust},             // the client's address
    {"x-cluster-client-ip", kTrust},     // the client's address
    {"x-host", kTrust},                  // overrides the host that was judged
    {"x-http-host-override", kTrust},    // the same
    {"x-http-method", kTrust},           // overrides the method that was judged
    {"x-http-method-override", kTrust},  // the same
    {"x-id-token", kTrust},              // tokens again
    {"x-method-override", kTrust},       // overrides the method
    {"x-originating-ip", kTrust},        // the client's address
    {"x-real-ip", kTrust},               // the client's address
    {"x-rewrite-url", kTrust},           // overrides the path that was judged
}};

// Everything that begins with one of these is trust.
constexpr std::array<std::string_view, 27> kTrustPrefixes{
    "ssl-client-",            // certificate fields of several servers
    "x-amzn-",                // balancers: client certificate, OIDC identity
    "x-apigateway-",          // identity and context
    "x-appengine-",           // the client, scheduled tasks
    "x-auth-request-",        // the user, of authentication proxies
    "x-authenticated-",       // the user or client
    "x-client-cert",          // the client certificate
    "x-consumer-",            // who was authenticated
    "x-credential-",          // who was authenticated
    "x-envoy-",               // peer and routing, X-Envoy-Original-Path among them
    "x-forwarded",            // -For, -Proto, -Host, -Client-Cert, and X-Forwarded itself
    "x-goog-iap-",            // identity
    "x-jwt-",                 // claims
    "x-ms-client-principal",  // identity
    "x-mtls-",                // the client certificate
    "x-original-",            // -URL, -Host, -Method, -Forwarded-For
    "x-override-",            // the address that was judged
    "x-pomerium-",            // identity
    "x-remote-",              // -User, -Addr, -IP
    "x-sallyport-",           // our own
    "x-ssl-",                 // the client certificate
    "x-tls-",                 // the same
    "x-url-",                 // -Scheme
    "x-user",                 // X-User, X-User-Id, X-Userinfo
    "x-verified-",            // whatever somebody verified
    "x-vouch-",               // identity
    "x-webauth-",             // identity
};

constexpr char fold(char c) { return c == '_' ? '-' : to_lower(c); }

bool equals(std::string_view name, std::string_view canonical) {
  return name.size() == canonical.size() &&
         std::equal(name.begin(), name.end(), canonical.begin(),
                    [](char a, char b) { return fold(a) == b; });
}

bool begins(std::string_view name, std::string_view canonical) {
  return name.size() >= canonical.size() && equals(name.substr(0, canonical.size()), canonical);
}

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
      if (equals(name, known.name)) return &known;
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

// Most fields need not be compared with all those prefixes.
constexpr bool begins_a_trust_prefix(char c) { return fold(c) == 'x' || fold(c) == 's'; }
static_assert(std::ranges::all_of(kTrustPrefixes,
                                  [](auto prefix) { return begins_a_trust_prefix(prefix[0]); }));

// with_trait picks the fields that have one of those traits. A question about few names has a table of
// its own: in that of all, ordinary fields are found, and compared to the last octet.
template <int kTraits>
consteval auto with_trait() {
  constexpr auto has = [](const Known& known) { return (known.traits & kTraits) != 0; };
  std::array<Known, std::ranges::count_if(kKnown, has)> found{};
  std::ranges::copy_if(kKnown, found.begin(), has);
  return found;
}

constexpr auto kHopFields = with_trait<kHop>();
constexpr auto kFramingFields = with_trait<kFraming>();
static_assert(std::ranges::none_of(kKnownPrefixes, [](const Known& prefix) {
  return (prefix.traits & (kHop | kFraming)) != 0;
}));

constexpr Names kHopNames(kHopFields);
constexpr Names kFramingNames(kFramingFields);
constexpr Names kKnownNames(kKnown);
constexpr Names kTrustedNames(kTrustNames);

int traits_of(std::string_view name) {
  if (const Known* known = kKnownNames.find(name)) return known->traits;
  // No two prefixes begin with the same octet.
  const auto prefix = std::ranges::find_if(kKnownPrefixes, [name](const Known& one) {
    return !name.empty() && fold(name.front()) == one.name.front();
  });
  return prefix != kKnownPrefixes.end() && begins(name, prefix->name) ? prefix->traits : 0;
}

bool has_trait(std::string_view name, int traits) { return (traits_of(name) & traits) != 0; }

}  // namespace

bool is_token(std::string_view name) { return !name.empty() && is_all(name, kTokenChar); }

bool is_field_value(std::string_view value) {
  return is_all(value, kFieldChar) && trim(value).size() == value.size();
}

bool is_token68(std::string_view text) { return !text.empty() && is_all(text, kToken68Char); }

bool equals_folded(std::string_view name, std::string_view canonical) {
  return equals(name, canonical);
}

bool is_hop_by_hop(std::string_view name) { return kHopNames.find(name) != nullptr; }

bool is_framing(std::string_view name) { return kFramingNames.find(name) != nullptr; }

bool is_trust(std::string_view name) {
  if (kTrustedNames.find(name) != nullptr) return true;
  if (name.empty() || !begins_a_trust_prefix(name.front())) return false;
  return std::ranges::any_of(kTrustPrefixes, [name](auto prefix) { return begins(name, prefix); });
}

bool is_unlistable(std::string_view name) { return has_trait(name, kUnlistable) || is_trust(name); }

bool is_forbidden_trailer(std::string_view name) {
  return has_trait(name, kHop | kFraming | kNoTrailer) || is_trust(name);
}

}  // namespace sallyport::http
