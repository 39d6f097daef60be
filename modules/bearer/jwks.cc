#include "modules/bearer/jwks.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/crypto/base64.h"
#include "gateway/crypto/roca.h"
#include "modules/bearer/jwt.h"
#include "modules/bearer/known_keys.h"
#include "modules/bearer/printable.h"

namespace sallyport::bearer {
namespace {

constexpr json::Limits kLimits{.max_bytes = kMaxJwksBytes, .max_depth = 8};

// Skip is one reason to leave a key out: a label for metrics and a text for the operator.
struct Skip {
  std::string_view label;
  std::string_view text;
};

constexpr Skip kNotAnObject{"malformed", "not an object"};
constexpr Skip kNoId{"kid_missing", "kid is missing, empty or not a string"};
constexpr Skip kLongId{"kid_missing", "kid is longer than 256 bytes"};
constexpr Skip kTwice{"kid_duplicate",
                      "kid stands for several keys that could all be used: none of them is"};
constexpr Skip kPrivate{"private_key", "the private key is published: it must be replaced"};
constexpr Skip kNotForVerifying{"use", "not for verifying signatures"};
constexpr Skip kAlgorithm{"algorithm", "its algorithm is not among the allowed ones"};
constexpr Skip kKnown{"known_private_key",
                      "its private key is public knowledge, so that everybody can sign with it"};

constexpr std::string_view kRoca =
    "RSA key with the fingerprint of ROCA (CVE-2017-15361): anybody can compute its private key";

// skip_for is the reason when the key itself cannot be read.
Skip skip_for(std::string_view why) {
  if (why == kRoca) return {"roca_key", why};
  return {why.starts_with("kty") || why.starts_with("curve") ? "type" : "bad_key", why};
}

Error unusable(std::string text) { return {Fault::dependency, std::move(text)}; }

// parameter decodes a base64url member of a key (RFC 7518 section 6).
std::optional<std::string> parameter(const json::Value& jwk, std::string_view name) {
  const auto text = jwk.member(name).string();
  if (!text || text->empty()) return std::nullopt;
  return crypto::decode_base64url(*text);
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

std::variant<crypto::PublicKey, std::string_view> checked(Result<crypto::PublicKey> key,
                                                          std::string_view why) {
  if (!key) return why;
  return *std::move(key);
}

std::variant<crypto::PublicKey, std::string_view> read_rsa(const json::Value& jwk) {
  const auto n = parameter(jwk, "n");
  const auto e = parameter(jwk, "e");
  if (!n || !e) return std::string_view("n or e is missing or not strict base64url");
  if (crypto::has_roca_fingerprint(*n)) return kRoca;
  return checked(crypto::PublicKey::from_rsa(*n, *e),
                 "RSA key is not of 2048 to 8192 bits with a sound exponent");
}

std::variant<crypto::PublicKey, std::string_view> read_ec(const json::Value& jwk) {
  const auto curve = jwk.member("crv").string().value_or("");
  if (curve != "P-256" && curve != "P-384")
    return std::string_view("curve is neither P-256 nor P-384");
  const auto x = parameter(jwk, "x");
  const auto y = parameter(jwk, "y");
  if (!x || !y) return std::string_view("x or y is missing or not strict base64url");
  const auto type = curve == "P-256" ? crypto::KeyType::ec_p256 : crypto::KeyType::ec_p384;
  return checked(crypto::PublicKey::from_ec(type, *x, *y), "x and y are no point on the curve");
}

std::variant<crypto::PublicKey, std::string_view> read_okp(const json::Value& jwk) {
  if (jwk.member("crv").string().value_or("") != "Ed25519")
    return std::string_view("curve is not Ed25519");
  const auto x = parameter(jwk, "x");
  if (!x) return std::string_view("x is missing or not strict base64url");
  return checked(crypto::PublicKey::from_ed25519(*x), "x is no Ed25519 key of 32 bytes");
}

// usable_algorithms are those that the configuration, the key's type and its own "alg" all allow.
std::vector<Algorithm> usable_algorithms(const json::Value& jwk, const crypto::PublicKey& key,
                                         std::span<const Algorithm> allowed) {
  const json::Value named = jwk.member("alg");
  std::vector<Algorithm> usable;
  for (const Algorithm algorithm : allowed) {
    const bool is_meant =
        !named.exists() || crypto::signature_algorithm(named.string().value_or("")) == algorithm;
    const bool is_there = std::find(usable.begin(), usable.end(), algorithm) != usable.end();
    if (is_meant && !is_there && key.fits(algorithm)) usable.push_back(algorithm);
  }
  return usable;
}

std::variant<Key, Skip> read_key(const json::Value& jwk, std::span<const Algorithm> allowed,
                                 KnownKeys known) {
  if (!jwk.is_object()) return kNotAnObject;
  const auto id = jwk.member("kid").string();
  if (!id || id->empty()) return kNoId;
  if (id->size() > kMaxKeyIdBytes) return kLongId;
  if (holds_private_part(jwk)) return kPrivate;
  if (!is_for_verifying(jwk)) return kNotForVerifying;
  auto read = read_public_key(jwk);
  if (const auto* why = std::get_if<std::string_view>(&read)) return skip_for(*why);
  auto& key = std::get<crypto::PublicKey>(read);
  auto usable = usable_algorithms(jwk, key, allowed);
  if (usable.empty()) return kAlgorithm;
  Key made;
  made.thumbprint = key.thumbprint();
  const std::string_view from = known_private_key(made.thumbprint);
  if (!from.empty() && known == KnownKeys::refuse) return kKnown;
  made.id = *id;
  made.key = std::make_shared<const crypto::PublicKey>(std::move(key));
  made.algorithms = std::move(usable);
  made.known_from = from;
  return made;
}

std::string shown_id(const json::Value& jwk) {
  return std::string(printable(jwk.member("kid").string().value_or("")));
}

// Lost is what a document gives away: the keys whose private halves stand in it, wherever and for
// whatever use. A symmetric key has no public half, and says nothing of others.
class Lost {
 public:
  explicit Lost(const json::Value& list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      const json::Value jwk = list.at(i);
      if (!holds_private_part(jwk) || jwk.member("kty").string() == "oct") continue;
      const auto read = read_public_key(jwk);
      if (const auto* key = std::get_if<crypto::PublicKey>(&read)) {
        keys_.push_back(key->thumbprint());
      } else {
        ids_.emplace_back(jwk.member("kid").string().value_or(""));
      }
    }
  }

  bool has(const Key& key) const {
    return std::find(keys_.begin(), keys_.end(), key.thumbprint) != keys_.end() ||
           std::find(ids_.begin(), ids_.end(), key.id) != ids_.end();
  }

 private:
  std::vector<crypto::Sha256> keys_;
  std::vector<std::string> ids_;  // of those whose public half cannot be read
};

// add_key keeps what is new, and what is there already once, for all that it is published for.
void add_key(Key key, std::vector<Key>& to) {
  const auto same = std::find_if(to.begin(), to.end(), [&](const Key& other) {
    return other.id == key.id && other.thumbprint == key.thumbprint;
  });
  if (same == to.end()) return to.push_back(std::move(key));
  for (const Algorithm algorithm : key.algorithms) {
    if (!same->is_for(algorithm)) same->algorithms.push_back(algorithm);
  }
}

// skip_ambiguous leaves out the keys that share an id with another.
void skip_ambiguous(JwksReading& reading) {
  const std::vector<Key> all = std::move(reading.keys);
  reading.keys.clear();
  for (const Key& key : all) {
    const auto is_same = [&](const Key& other) { return other.id == key.id; };
    if (std::count_if(all.begin(), all.end(), is_same) == 1) {
      reading.keys.push_back(key);
    } else {
      reading.skipped.push_back({std::string(printable(key.id)), kTwice.label, kTwice.text});
    }
  }
}

}  // namespace

// Who publishes a private key has lost it, and anybody can sign with it.
bool holds_private_part(const json::Value& jwk) {
  constexpr std::array<std::string_view, 8> kMembers{"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
  return std::any_of(kMembers.begin(), kMembers.end(),
                     [&](std::string_view name) { return jwk.member(name).exists(); });
}

std::variant<crypto::PublicKey, std::string_view> read_public_key(const json::Value& jwk) {
  const auto type = jwk.member("kty").string().value_or("");
  if (type == "RSA") return read_rsa(jwk);
  if (type == "EC") return read_ec(jwk);
  if (type == "OKP") return read_okp(jwk);
  return std::string_view("kty is not RSA, EC or OKP");
}

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

KeySet KeySet::with(std::vector<Key> withdrawn, std::vector<std::string> denied,
                    std::uint64_t epoch) const {
  KeySet made(keys_, skipped_, epoch);
  made.withdrawn_ = std::move(withdrawn);
  made.denied_ = std::move(denied);
  return made;
}

const Key* KeySet::find_withdrawn(std::string_view id) const {
  const auto at = std::find_if(withdrawn_.begin(), withdrawn_.end(),
                               [&](const Key& key) { return key.id == id; });
  return at != withdrawn_.end() ? &*at : nullptr;
}

bool KeySet::is_denied(std::string_view id) const {
  return std::find(denied_.begin(), denied_.end(), id) != denied_.end();
}

bool KeySet::has(const Key& key) const {
  const Key* mine = find(key.id);
  return mine != nullptr && mine->thumbprint == key.thumbprint;
}

Result<JwksReading> read_jwks(std::string_view document, std::span<const Algorithm> allowed,
                              KnownKeys known) {
  auto root = json::parse(document, kLimits);
  if (!root) return unusable("key set: " + root.error().text);
  const json::Value list = root->member("keys");
  if (!list.is_array()) return unusable("key set: not an object with an array `keys`");
  if (list.size() > kMaxKeys) {
    return unusable("key set: more than " + std::to_string(kMaxKeys) + " keys");
  }

  const Lost lost(list);
  JwksReading reading;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json::Value jwk = list.at(i);
    auto read = read_key(jwk, allowed, known);
    const Skip* skip = std::get_if<Skip>(&read);
    if (skip == nullptr && lost.has(std::get<Key>(read))) skip = &kPrivate;
    if (skip != nullptr) {
      reading.skipped.push_back({shown_id(jwk), skip->label, skip->text});
    } else {
      add_key(std::get<Key>(std::move(read)), reading.keys);
    }
  }
  skip_ambiguous(reading);
  return reading;
}

Error no_usable_key(const JwksReading& reading) {
  constexpr std::size_t kMostNamed = 8;
  const auto& skipped = reading.skipped;
  std::string text = "key set: no usable key among " + std::to_string(skipped.size());
  for (std::size_t i = 0; i < std::min(skipped.size(), kMostNamed); ++i) {
    text += "; " + (skipped[i].id.empty() ? "(without kid)" : skipped[i].id) + ": ";
    text += skipped[i].why;
  }
  if (skipped.size() > kMostNamed) {
    text += "; and " + std::to_string(skipped.size() - kMostNamed) + " more";
  }
  return unusable(std::move(text));
}

Result<KeySet> parse_jwks(std::string_view document, std::span<const Algorithm> allowed,
                          std::uint64_t epoch, KnownKeys known) {
  auto reading = read_jwks(document, allowed, known);
  if (!reading) return reading.error();
  if (reading->keys.empty()) return no_usable_key(*reading);
  return KeySet(std::move(reading->keys), std::move(reading->skipped), epoch);
}

}  // namespace sallyport::bearer
