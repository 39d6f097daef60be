// Rows of the tls room: a client's chain of two ECDSA certificates below its anchor, verified for
// the first time and remembered, beside the two signatures in it alone.

#include <openssl/digest.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/x509.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/crypto/bytes.h"
#include "gateway/tls/chain_verifier.h"
#include "gateway/tls/presented_der.h"
#include "perf/micro/measure.h"
#include "tests/support/test_ca.h"

namespace sallyport::perf {
namespace {

// Signature is one of the chain, with all that verifying it takes.
struct Signature {
  bssl::UniquePtr<EVP_PKEY> key;
  std::string message;
  std::string bytes;

  bool verify() const {
    bssl::ScopedEVP_MD_CTX context;
    return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
           EVP_DigestVerify(context.get(), crypto::data_of(bytes), bytes.size(),
                            crypto::data_of(message), message.size()) == 1;
  }
};

bssl::UniquePtr<X509> parse(const std::string& der) {
  const std::uint8_t* data = crypto::data_of(der);
  return bssl::UniquePtr<X509>(d2i_X509(nullptr, &data, static_cast<long>(der.size())));
}

Signature signature_of(const std::string& der, const std::string& issuer_der) {
  const auto certificate = parse(der);
  Signature out;
  out.key.reset(X509_get_pubkey(parse(issuer_der).get()));
  std::uint8_t* tbs = nullptr;
  const int size = i2d_X509_tbs(certificate.get(), &tbs);
  SALLYPORT_CHECK(size > 0);
  const bssl::UniquePtr<std::uint8_t> owned(tbs);
  out.message = crypto::view_of(tbs, static_cast<std::size_t>(size));
  const ASN1_BIT_STRING* bits = nullptr;
  X509_get0_signature(&bits, nullptr, certificate.get());
  out.bytes = crypto::view_of(ASN1_STRING_get0_data(bits),
                              static_cast<std::size_t>(ASN1_STRING_length(bits)));
  SALLYPORT_CHECK(out.verify());
  return out;
}

// Client is a client's chain as it is presented, and the store that has its anchor.
struct Client {
  Client()
      : anchor("Client CA"),
        issuer(anchor.intermediate("Issuing CA")),
        leaf(issuer.issue({.common_name = "plaid-mtls-demo.plaid.com",
                           .dns_names = {"plaid-mtls-demo.plaid.com"},
                           .client_auth = true})),
        chain(leaf.der, leaf.issuers_der),
        store(tls::TrustStore::from_pem("plaid", anchor.certificate_pem(), wall_now())->store) {}

  test::TestCa anchor;
  test::TestCa issuer;
  test::Identity leaf;
  tls::PresentedDer chain;
  std::shared_ptr<const tls::TrustStore> store;
};

struct Signatures {
  explicit Signatures(const Client& client)
      : both{signature_of(client.leaf.der, client.issuer.der()),
             signature_of(client.issuer.der(), client.anchor.der())} {}

  void verify() const {
    for (const Signature& signature : both) SALLYPORT_CHECK(signature.verify());
  }
  double ns() const {
    constexpr int kRounds = 200;
    const std::int64_t before = thread_cpu_ns();
    for (int i = 0; i < kRounds; ++i) verify();
    return static_cast<double>(thread_cpu_ns() - before) / kRounds;
  }

  std::array<Signature, 2> both;
};

void judge(tls::ChainVerifier& verifier, const Client& client, WallTime now) {
  const auto verdict = verifier.verify(client.chain.chain(), *client.store, {}, now);
  SALLYPORT_CHECK(verdict.index() == 0);
}

// compare adds the ratio of CPU times to the two signatures alone, which are timed before and
// after, since the machine's speed may change meanwhile.
template <class Body>
void compare(benchmark::State& state, const Client& client, Body body) {
  const Signatures signatures(client);
  const double before = signatures.ns();
  const std::int64_t start = thread_cpu_ns();
  measure(state, body);
  const double spent =
      static_cast<double>(thread_cpu_ns() - start) / static_cast<double>(state.iterations());
  state.counters["ratio"] = spent / ((before + signatures.ns()) / 2);
}

// A leaf that was never seen, under an issuer whose certificate other clients have sent before.
void chain_cold(benchmark::State& state) {
  const Client client;
  tls::ChainVerifier verifier(0);
  const WallTime now = wall_now();
  judge(verifier, client, now);
  compare(state, client, [&] { judge(verifier, client, now); });
}
BENCHMARK(chain_cold)->Name("tls/chain_cold");

// Neither leaf nor issuer was seen before.
void chain_first(benchmark::State& state) {
  const Client client;
  const WallTime now = wall_now();
  compare(state, client, [&] {
    tls::ChainVerifier verifier(0);
    judge(verifier, client, now);
  });
}
BENCHMARK(chain_first)->Name("tls/chain_first");

void chain_remembered(benchmark::State& state) {
  const Client client;
  tls::ChainVerifier verifier(16);
  const WallTime now = wall_now();
  measure(state, [&] { judge(verifier, client, now); });
}
BENCHMARK(chain_remembered)->Name("tls/chain_remembered");

void signatures_alone(benchmark::State& state) {
  const Client client;
  const Signatures signatures(client);
  measure(state, [&] { signatures.verify(); });
}
BENCHMARK(signatures_alone)->Name("tls/signatures_alone");

}  // namespace
}  // namespace sallyport::perf
