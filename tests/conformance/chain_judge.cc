// Asks the gateway's verifier about one chain, for tests/conformance/chains:
//   chain_judge ANCHORS CHAIN UNIX_TIME HOST [LIST...]
// ANCHORS and CHAIN (leaf first) are PEM, HOST is - for a client, every LIST a revocation list.
// Prints "accepted", "refused REASON TEXT", or "unusable TEXT" when the store cannot be made.

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <span>

#include "gateway/crypto/certificate.h"
#include "gateway/tls/chain_verifier.h"
#include "gateway/tls/presented_der.h"
#include "gateway/tls/trust_store.h"

namespace sallyport::tls {
namespace {

std::string content_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

int unusable(const std::string& text) {
  std::cout << "unusable " << text << '\n';
  return EXIT_SUCCESS;
}

int judge(std::span<const std::string> words) {
  const WallTime now{std::strtoll(words[2].c_str(), nullptr, 10) * 1000};
  TrustStoreSpec spec;
  spec.name = "store";
  TrustEntrySpec& entry = spec.entries.emplace_back();
  entry.id = "anchors";
  entry.file = words[0];
  entry.pem = content_of(words[0]);
  if (words.size() > 4) {
    CrlSpec& lists = spec.crl.emplace();
    lists.issuers_pem = content_of(words[1]);
    lists.issuers_file = words[1];
    for (const std::string& file : words.subspan(4)) {
      lists.files.push_back({file, std::make_shared<const std::string>(content_of(file))});
    }
  }
  const auto loaded = TrustStore::make(std::move(spec), now);
  if (!loaded) return unusable(loaded.error().text);
  const auto ders = crypto::read_certificates(content_of(words[1]), ChainVerifier::kMaxPresented);
  if (!ders) return unusable(ders.error().text);
  const PresentedDer presented(*ders);
  Expectation expected;
  if (words[3] != "-") expected = {Expectation::Role::server, words[3]};
  const auto verdict = ChainVerifier().verify(presented.chain(), *loaded->store, expected, now);
  const auto* refusal = std::get_if<CertificateRefusal>(&verdict);
  if (refusal == nullptr) {
    std::cout << "accepted\n";
  } else {
    std::cout << "refused " << to_string(refusal->reason) << ' ' << refusal->text << '\n';
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace sallyport::tls

int main(int count, char** words) {
  if (count < 5) return EXIT_FAILURE;
  return sallyport::tls::judge(std::vector<std::string>(words + 1, words + count));
}
