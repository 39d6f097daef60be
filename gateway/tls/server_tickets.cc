// How a ServerContext seals session tickets and opens them again.

#include <openssl/cipher.h>
#include <openssl/digest.h>
#include <openssl/hmac.h>

#include <cstring>
#include <span>

#include "gateway/crypto/random.h"
#include "gateway/tls/server_context.h"

namespace sallyport::tls {
namespace {

// What the library's callback may answer.
constexpr int kFailed = -1;
constexpr int kNotOurs = 0;
constexpr int kOpened = 1;
constexpr int kOpenedAndRenew = 2;

}  // namespace

int ServerContext::ticket_cb(SSL* ssl, std::uint8_t* key_name, std::uint8_t* iv,
                             EVP_CIPHER_CTX* cipher, HMAC_CTX* hmac, int encrypt) {
  const ServerContext& self = context_of(ssl);
  if (self.tickets_ == nullptr) return encrypt != 0 ? kFailed : kNotOurs;
  return encrypt != 0 ? self.seal_ticket(key_name, iv, cipher, hmac)
                      : self.open_ticket(key_name, iv, cipher, hmac);
}

int ServerContext::seal_ticket(std::uint8_t* key_name, std::uint8_t* iv, EVP_CIPHER_CTX* cipher,
                               HMAC_CTX* hmac) const {
  const TicketKey& key = tickets_->current();
  const EVP_CIPHER* kind = EVP_aes_256_cbc();
  std::memcpy(key_name, key.name.data(), key.name.size());
  crypto::fill_random(std::span<std::uint8_t>(iv, EVP_CIPHER_iv_length(kind)));
  const bool ready =
      EVP_EncryptInit_ex(cipher, kind, nullptr, key.aes.data(), iv) == 1 &&
      HMAC_Init_ex(hmac, key.hmac.data(), key.hmac.size(), EVP_sha256(), nullptr) == 1;
  return ready ? kOpened : kFailed;
}

int ServerContext::open_ticket(const std::uint8_t* key_name, const std::uint8_t* iv,
                               EVP_CIPHER_CTX* cipher, HMAC_CTX* hmac) const {
  bool is_current = false;
  const TicketKey* key = tickets_->find(key_name, is_current);
  if (key == nullptr) return kNotOurs;
  const bool ready =
      EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->aes.data(), iv) == 1 &&
      HMAC_Init_ex(hmac, key->hmac.data(), key->hmac.size(), EVP_sha256(), nullptr) == 1;
  if (!ready) return kFailed;
  return is_current ? kOpened : kOpenedAndRenew;
}

}  // namespace sallyport::tls
