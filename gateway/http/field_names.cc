#include "gateway/http/field_names.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "gateway/base/text.h"
#include "gateway/http/chars.h"

namespace sallyport::http {
namespace {

enum Trait : std::uint8_t { kHop = 1, kFraming = 2, kUnlistable = 4, kNoTrailer = 8 };
constexpr int kEndToEnd = kUnlistable | kNoTrailer;

struct Known {
  std::string_view name;
  int traits;
};

// Sorted by name. Unlistable are the fields by which upstreams decide who asks, for what, and what
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

// Sorted. Via is not here: it is appended to along the way and nobody decides by it.
constexpr std::array<std::string_view, 28> kTrustNames{
    "cf-connecting-ip",        // the client, as delivery networks see it
    "cf-connecting-ipv6",      // the same
    "client-cert",             // RFC 9440
    "client-cert-chain",       // RFC 9440
    "client-ip",               // the client's address
    "fastly-client-ip",        // the client's address
    "forwarded",               // RFC 7239
    "front-end-https",         // whether the client used TLS
    "proxy",                   // becomes HTTP_PROXY in CGI programs
    "remote-addr",             // a CGI variable, for servers that mix them with fields
    "remote-user",             // the same
    "true-client-ip",          // the client's address
    "x-access-token",          // tokens, as identity-aware proxies hand them on
    "x-anonymous-consumer",    // whether somebody was authenticated
    "x-arr-clientcert",        // the client certificate
    "x-arr-ssl",               // the same
    "x-azure-clientip",        // the client's address
    "x-client-ip",             // the client's address
    "x-cluster-client-ip",     // the client's address
    "x-host",                  // overrides the host that was judged
    "x-http-host-override",    // the same
    "x-http-method",           // overrides the method that was judged
    "x-http-method-override",  // the same
    "x-id-token",              // tokens again
    "x-method-override",       // overrides the method
    "x-originating-ip",        // the client's address
    "x-real-ip",               // the client's address
    "x-rewrite-url",           // overrides the path that was judged
};

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

static_assert(std::ranges::is_sorted(kKnown, {}, &Known::name));
static_assert(std::ranges::is_sorted(kTrustNames));

constexpr std::size_t kFoldedMax = 48;
static_assert(std::ranges::all_of(kKnown, [](Known k) { return k.name.size() < kFoldedMax; }));
static_assert(std::ranges::all_of(kTrustNames, [](auto n) { return n.size() < kFoldedMax; }));

constexpr char fold(char c) { return c == '_' ? '-' : to_lower(c); }

// Folded is the beginning of a name in lower case with dashes. No entry of a table is as long as
// its room, so that cutting a longer name off never makes it equal to one.
class Folded {
 public:
  explicit Folded(std::string_view name) : size_(std::min(name.size(), kFoldedMax)) {
    std::transform(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(size_), text_.begin(),
                   fold);
  }
  std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::array<char, kFoldedMax> text_;
  std::size_t size_;
};

int traits_of(std::string_view folded) {
  const auto* const known = std::ranges::lower_bound(kKnown, folded, {}, &Known::name);
  if (known != kKnown.end() && known->name == folded) return known->traits;
  for (const Known& prefix : kKnownPrefixes) {
    if (folded.starts_with(prefix.name)) return prefix.traits;
  }
  return 0;
}

bool is_trust_folded(std::string_view folded) {
  if (std::ranges::binary_search(kTrustNames, folded)) return true;
  return std::ranges::any_of(kTrustPrefixes,
                             [folded](std::string_view p) { return folded.starts_with(p); });
}

bool has_trait(std::string_view name, int traits) {
  return (traits_of(Folded(name).view()) & traits) != 0;
}

}  // namespace

bool is_token(std::string_view name) { return !name.empty() && is_all(name, kTokenChar); }

bool is_field_value(std::string_view value) {
  return is_all(value, kFieldChar) && trim(value).size() == value.size();
}

bool equals_folded(std::string_view name, std::string_view canonical) {
  return std::ranges::equal(name, canonical, [](char a, char b) { return fold(a) == b; });
}

bool is_hop_by_hop(std::string_view name) { return has_trait(name, kHop); }

bool is_framing(std::string_view name) { return has_trait(name, kFraming); }

bool is_trust(std::string_view name) { return is_trust_folded(Folded(name).view()); }

bool is_unlistable(std::string_view name) {
  const Folded folded(name);
  return (traits_of(folded.view()) & kUnlistable) != 0 || is_trust_folded(folded.view());
}

bool is_forbidden_trailer(std::string_view name) {
  const Folded folded(name);
  const int traits = traits_of(folded.view());
  return (traits & (kHop | kFraming | kNoTrailer)) != 0 || is_trust_folded(folded.view());
}

}  // namespace sallyport::http
