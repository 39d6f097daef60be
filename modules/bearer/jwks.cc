#include "modules/bearer/jwks.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "gateway/crypto/base64.h"
#include "gateway/json/json.h"
#include "modules/bearer/jwt.h"
#include "modules/bearer/printable.h"

namespace sallyport::bearer {
namespace {

constexpr json::Limits kLimits{.max_bytes = kMaxJwksBytes, .max_depth = 8};

using Why = std::string_view;

Error unusable(std::string text) { return {Fault::dependency, std::move(text)}; }

// parameter decodes a base64url member of a key (RFC 7518 section 6).
std::optional<std::string> parameter(const json::Value& jwk, std::string_view name) {
  const auto text = jwk.member(name).string();
  if (!text || text->empty()) return std::nullopt;
  return crypto::decode_base64url(*text);
}

// holds_private_part: who publishes a private key has lost it, and anybody can sign with it.
bool holds_private_part(const json::Value& jwk) {
  constexpr std::array<std::string_view, 8> kPrivate{"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
  return std::any_of(kPrivate.begin(), kPrivate.end(),
                     [&](std::string_view name) { return jwk.member(name).exists(); });
}

// is_for_verifying reads use and key_ops (RFC 7517 sections 4.2 and 4.3), both optional.
bool is_for_verifying(const json::Value& jwk) {
  const json::Value use = jwk.member("use");
  if (use.exists() && use.string() != "sig") return false;
  const json::Value operations = jwk.member("key_ops");
  if (!operations.exists()) return true;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (operations.at(i).string() == "verify") return true;
  }
  return false;
}

std::variant<crypto::PublicKey, Why> checked(Result<crypto::PublicKey> key, Why why) {
  if (!key) return why;
  return *std::move(key);
}

std::variant<crypto::PublicKey, Why> read_rsa(const json::Value& jwk) {
  const auto n = parameter(jwk, "n");
  const auto e = parameter(jwk, "e");
  if (!n || !e) return Why("n or e is missing or not strict base64url");
  return checked(crypto::PublicKey::from_rsa(*n, *e),
                 "RSA key is not of 2048 to 8192 bits with a sound exponent");
}

std::variant<crypto::PublicKey, Why> read_ec(const json::Value& jwk) {
  const auto curve = jwk.member("crv").string().value_or("");
  if (curve != "P-256" && curve != "P-384") return Why("curve is neither P-256 nor P-384");
  const auto x = parameter(jwk, "x");
  const auto y = parameter(jwk, "y");
  if (!x || !y) return Why("x or y is missing or not strict base64url");
  const auto type = curve == "P-256" ? crypto::KeyType::ec_p256 : crypto::KeyType::ec_p384;
  return checked(crypto::PublicKey::from_ec(type, *x, *y), "x and y are no point on the curve");
}

std::variant<crypto::PublicKey, Why> read_okp(const json::Value& jwk) {
  if (jwk.member("crv").string().value_or("") != "Ed25519") return Why("curve is not Ed25519");
  const auto x = parameter(jwk, "x");
  if (!x) return Why("x is missing or not strict base64url");
  return checked(crypto::PublicKey::from_ed25519(*x), "x is no Ed25519 key of 32 bytes");
}

std::variant<crypto::PublicKey, Why> read_public_key(const json::Value& jwk) {
  const auto type = jwk.member("kty").string().value_or("");
  if (type == "RSA") return read_rsa(jwk);
  if (type == "EC") return read_ec(jwk);
  if (type == "OKP") return read_okp(jwk);
  return Why("kty is not RSA, EC or OKP");
}

// usable_algorithms are those that the configuration, the key's type and its own "alg" all allow.
std::vector<Algorithm> usable_algorithms(const json::Value& jwk, const crypto::PublicKey& key,
                                         std::span<const Algorithm> allowed) {
  const json::Value named = jwk.member("alg");
  std::vector<Algorithm> usable;
  for (const Algorithm algorithm : allowed) {
    const bool is_meant = !named.exists() || named.string() == crypto::to_string(algorithm);
    if (is_meant && key.fits(algorithm)) usable.push_back(algorithm);
  }
  return usable;
}

std::variant<Key, Why> read_key(const json::Value& jwk, std::span<const Algorithm> allowed) {
  if (!jwk.is_object()) return Why("not an object");
  const auto id = jwk.member("kid").string();
  if (!id || id->empty()) return Why("kid is missing, empty or not a string");
  if (id->size() > kMaxKeyIdBytes) return Why("kid is longer than 256 bytes");
  if (holds_private_part(jwk)) return Why("the private key is published: it must be replaced");
  if (!is_for_verifying(jwk)) return Why("not for verifying signatures");
  auto key = read_public_key(jwk);
  if (const auto* why = std::get_if<Why>(&key)) return *why;
  auto usable = usable_algorithms(jwk, std::get<crypto::PublicKey>(key), allowed);
  if (usable.empty()) return Why("its algorithm is not among the allowed ones");
  return Key{std::string(*id), std::get<crypto::PublicKey>(std::move(key)), std::move(usable)};
}

std::string shown_id(const json::Value& jwk) {
  return std::string(printable(jwk.member("kid").string().value_or("")));
}

// count_id counts over the whole document: a key that is skipped for another reason still makes
// its id ambiguous.
std::size_t count_id(const json::Value& list, std::string_view id) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list.at(i).member("kid").string() == id) ++count;
  }
  return count;
}

}  // namespace

bool Key::is_for(Algorithm algorithm) const {
  return std::find(algorithms.begin(), algorithms.end(), algorithm) != algorithms.end();
}

KeySet::KeySet(std::vector<Key> keys, std::vector<SkippedKey> skipped, std::uint64_t epoch)
    : keys_(std::move(keys)), skipped_(std::move(skipped)), epoch_(epoch) {
  std::sort(keys_.begin(), keys_.end(), [](const Key& a, const Key& b) { return a.id < b.id; });
}

const Key* KeySet::find(std::string_view id) const {
  const auto at = std::lower_bound(keys_.begin(), keys_.end(), id,
                                   [](const Key& key, std::string_view to) { return key.id < to; });
  return at != keys_.end() && at->id == id ? &*at : nullptr;
}

Result<KeySet> parse_jwks(std::string_view document, std::span<const Algorithm> allowed,
                          std::uint64_t epoch) {
  auto root = json::parse(document, kLimits);
  if (!root) return unusable("key set: " + root.error().text);
  const json::Value list = root->member("keys");
  if (!list.is_array()) return unusable("key set: not an object with an array `keys`");
  if (list.size() > kMaxKeys) {
    return unusable("key set: more than " + std::to_string(kMaxKeys) + " keys");
  }

  std::vector<Key> keys;
  std::vector<SkippedKey> skipped;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json::Value jwk = list.at(i);
    auto read = read_key(jwk, allowed);
    if (const auto* why = std::get_if<Why>(&read)) {
      skipped.push_back({shown_id(jwk), *why});
    } else if (count_id(list, std::get<Key>(read).id) > 1) {
      skipped.push_back({shown_id(jwk), "kid appears more than once: none of them is used"});
    } else {
      keys.push_back(std::get<Key>(std::move(read)));
    }
  }
  if (keys.empty()) {
    std::string text = "key set: no usable key among " + std::to_string(list.size());
    if (!skipped.empty()) text.append("; the first: ").append(skipped.front().why);
    return unusable(std::move(text));
  }
  return KeySet(std::move(keys), std::move(skipped), epoch);
}

}  // namespace sallyport::bearer
