// Rows of the bearer module: tokens seen for the first time, tokens that are remembered, and the
// table that remembers them.

#include <openssl/bn.h>
#include <openssl/curve25519.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include <array>
#include <bit>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/crypto/bytes.h"
#include "modules/bearer/jwt.h"
#include "modules/bearer/verifier.h"
#include "perf/micro/measure.h"
#include "perf/micro/plaid_chain.h"

namespace sallyport::perf {
namespace {

using bearer::TokenCache;
using bearer::TokenVerifier;
using benchmark::DoNotOptimize;
using crypto::SignatureAlgorithm;

constexpr std::size_t kCacheEntries = 65'536;  // the defaults of the module
constexpr std::size_t kCacheBytes = 32 * 1024 * 1024;

using Check = std::function<bool()>;

Check bare_rsa(EVP_PKEY* key, bool pss, const std::string& message, const std::string& signature) {
  return [=] {
    std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest;
    SHA256(crypto::data_of(message), message.size(), digest.data());
    RSA* rsa = EVP_PKEY_get0_RSA(key);
    if (!pss) {
      return RSA_verify(NID_sha256, digest.data(), digest.size(), crypto::data_of(signature),
                        signature.size(), rsa) == 1;
    }
    return RSA_verify_pss_mgf1(rsa, digest.data(), digest.size(), EVP_sha256(), EVP_sha256(),
                               SHA256_DIGEST_LENGTH, crypto::data_of(signature),
                               signature.size()) == 1;
  };
}

Check bare_ecdsa(EVP_PKEY* key, const std::string& message, const std::string& signature) {
  const std::size_t half = signature.size() / 2;
  std::shared_ptr<ECDSA_SIG> pair(ECDSA_SIG_new(), ECDSA_SIG_free);
  const auto* bytes = crypto::data_of(signature);
  SALLYPORT_CHECK(ECDSA_SIG_set0(pair.get(), BN_bin2bn(bytes, half, nullptr),
                                 BN_bin2bn(bytes + half, half, nullptr)) == 1);
  return [=] {
    std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest;
    SHA256(crypto::data_of(message), message.size(), digest.data());
    return ECDSA_do_verify(digest.data(), digest.size(), pair.get(), EVP_PKEY_get0_EC_KEY(key)) ==
           1;
  };
}

Check bare_eddsa(EVP_PKEY* key, const std::string& message, const std::string& signature) {
  std::array<std::uint8_t, ED25519_PUBLIC_KEY_LEN> x;
  std::size_t size = x.size();
  SALLYPORT_CHECK(EVP_PKEY_get_raw_public_key(key, x.data(), &size) == 1);
  return [=] {
    return ED25519_verify(crypto::data_of(message), message.size(), crypto::data_of(signature),
                          x.data()) == 1;
  };
}

// bare returns nothing but BoringSSL's check of that token's signature, digest included.
Check bare(const SigningKey& key, const std::string& token) {
  const auto parsed = bearer::parse_jwt(token);
  const auto& jwt = std::get<bearer::UnverifiedJwt>(parsed);
  const std::string message(jwt.signing_input);
  switch (key.algorithm) {
    case SignatureAlgorithm::es256:
      return bare_ecdsa(key.key.get(), message, jwt.signature);
    case SignatureAlgorithm::eddsa:
      return bare_eddsa(key.key.get(), message, jwt.signature);
    default:
      return bare_rsa(key.key.get(), key.algorithm == SignatureAlgorithm::ps256, message,
                      jwt.signature);
  }
}

double bare_ns(const Check& check) {
  constexpr int kRounds = 100;
  const std::int64_t before = thread_cpu_ns();
  for (int i = 0; i < kRounds; ++i) SALLYPORT_CHECK(check());
  return static_cast<double>(thread_cpu_ns() - before) / kRounds;
}

void judge(TokenVerifier& verifier, policy::Exchange& exchange, std::string_view token) {
  const auto verdict = verifier.verify(exchange, {bearer::Scheme::bearer, token});
  SALLYPORT_CHECK(std::holds_alternative<policy::Allow>(verdict));
}

void signature_only(benchmark::State& state) {
  PlaidChain& plaid = plaid_chain(0);
  const auto index = static_cast<std::size_t>(state.range(0));
  const Check check = bare(plaid.keys()[index], plaid.token_by(index));
  state.SetLabel(std::string(to_string(plaid.keys()[index].algorithm)));
  measure(state, [&] { SALLYPORT_CHECK(check()); });
}
BENCHMARK(signature_only)->Name("bearer/signature_only")->DenseRange(0, 3);

// The ratio is that of CPU times; the bare check is timed before and after, since the machine's
// speed may change meanwhile.
void verify_cold(benchmark::State& state) {
  PlaidChain& plaid = plaid_chain(0);
  const auto index = static_cast<std::size_t>(state.range(0));
  const std::string token = plaid.token_by(index);
  const Check check = bare(plaid.keys()[index], token);
  TokenVerifier verifier(plaid.bearer_plan(), std::make_shared<TokenCache>(0, 0), 0);
  Inspected inspected(plaid);
  state.SetLabel(std::string(to_string(plaid.keys()[index].algorithm)));
  const double bare_before = bare_ns(check);
  const std::int64_t before = thread_cpu_ns();
  measure(state, [&] { judge(verifier, inspected.exchange(), token); });
  const double cold =
      static_cast<double>(thread_cpu_ns() - before) / static_cast<double>(state.iterations());
  state.counters["ratio"] = cold / ((bare_before + bare_ns(check)) / 2);
}
BENCHMARK(verify_cold)->Name("bearer/verify_cold")->DenseRange(0, 3);

// Remembered is a cache in which tokens of the usual size are remembered.
struct Remembered {
  explicit Remembered(PlaidChain& plaid, std::size_t wanted)
      : cache(std::make_shared<TokenCache>(kCacheEntries, kCacheBytes)),
        verifier(plaid.bearer_plan(), cache, 0) {
    Inspected inspected(plaid);
    judge(verifier, inspected.exchange(), plaid.token());
    const bearer::KnownToken known = *cache->find(plaid.token());
    std::vector<std::string> made;
    for (std::size_t i = 0; i < wanted; ++i) {
      made.push_back(variant(plaid.token(), i));
      bearer::KnownToken another = known;
      another.claims = std::make_shared<const policy::TokenClaims>(*known.claims);
      cache->insert(made.back(), std::move(another));
    }
    for (std::string& token : made) {
      if (cache->find(token) != nullptr) tokens.push_back(std::move(token));
    }
    tokens.resize(std::bit_floor(tokens.size()));
  }

  // variant ends in another signature, so to speak.
  static std::string variant(const std::string& token, std::size_t index) {
    std::string text = token;
    const std::string digits = std::to_string(1'000'000'000 + index);
    return text.replace(text.size() - digits.size(), digits.size(), digits);
  }

  std::shared_ptr<TokenCache> cache;
  TokenVerifier verifier;
  std::vector<std::string> tokens;
};

// A hit with all that is judged anew: key epoch, issuer, times, age, audience, binding.
void verify_remembered(benchmark::State& state) {
  PlaidChain& plaid = plaid_chain(0);
  Remembered remembered(plaid, static_cast<std::size_t>(state.range(0)));
  Inspected inspected(plaid);
  Cycle cycle(remembered.tokens.size());
  measure(state, [&] {
    judge(remembered.verifier, inspected.exchange(), remembered.tokens[cycle.next()]);
  });
}
BENCHMARK(verify_remembered)->Name("bearer/verify_remembered")->Arg(1)->Arg(1024)->Arg(32'768);

// What a miss adds to a cold verification, before and after it.
void cache_miss(benchmark::State& state) {
  PlaidChain& plaid = plaid_chain(0);
  Remembered remembered(plaid, 32'768);
  std::vector<std::string> unknown;
  for (std::size_t i = 0; i < 4096; ++i) {
    unknown.push_back(Remembered::variant(plaid.token(), 1'000'000 + i));
  }
  Cycle cycle(unknown.size());
  measure(state, [&] { DoNotOptimize(remembered.cache->find(unknown[cycle.next()])); });
}
BENCHMARK(cache_miss)->Name("bearer/cache_miss");

void cache_insert(benchmark::State& state) {
  PlaidChain& plaid = plaid_chain(0);
  Remembered remembered(plaid, kCacheEntries);
  const bearer::KnownToken known = *remembered.cache->find(remembered.tokens.front());
  std::vector<std::string> unknown;
  for (std::size_t i = 0; i < 2 * kCacheEntries; ++i) {
    unknown.push_back(Remembered::variant(plaid.token(), 1'000'000 + i));
  }
  Cycle cycle(unknown.size());
  measure(state, [&] { remembered.cache->insert(unknown[cycle.next()], known); });
}
BENCHMARK(cache_insert)->Name("bearer/cache_insert_full");

}  // namespace
}  // namespace sallyport::perf
