#pragma once

// PresentedDer holds certificates, leaf first, in the form in which the library receives a peer's.

#include <openssl/base.h>
#include <openssl/pool.h>

#include <span>
#include <string>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/crypto/bytes.h"

namespace sallyport::tls {

class PresentedDer {
 public:
  explicit PresentedDer(std::span<const std::string> ders) {
    for (const std::string& der : ders) add(der);
  }
  PresentedDer(const std::string& leaf, std::span<const std::string> issuers) {
    add(leaf);
    for (const std::string& der : issuers) add(der);
  }
  std::span<CRYPTO_BUFFER* const> chain() const { return chain_; }

 private:
  void add(const std::string& der) {
    owned_.emplace_back(CRYPTO_BUFFER_new(crypto::data_of(der), der.size(), nullptr));
    SALLYPORT_CHECK(owned_.back());
    chain_.push_back(owned_.back().get());
  }

  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> owned_;
  std::vector<CRYPTO_BUFFER*> chain_;
};

}  // namespace sallyport::tls
