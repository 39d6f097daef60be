#include "gateway/tls/ticket_keys.h"

#include <openssl/mem.h>

#include <cstring>

#include "gateway/crypto/random.h"

namespace sallyport::tls {

TicketKey TicketKey::random() {
  TicketKey key;
  crypto::fill_random(key.name);
  crypto::fill_random(key.hmac);
  crypto::fill_random(key.aes);
  return key;
}

TicketKey::~TicketKey() {
  OPENSSL_cleanse(hmac.data(), hmac.size());
  OPENSSL_cleanse(aes.data(), aes.size());
}

std::shared_ptr<const TicketKeys> TicketKeys::make() {
  // At first nobody holds a ticket: the previous key is one that nobody ever used.
  return std::shared_ptr<const TicketKeys>(
      new TicketKeys(TicketKey::random(), TicketKey::random()));
}

std::shared_ptr<const TicketKeys> TicketKeys::rotated() const {
  return std::shared_ptr<const TicketKeys>(new TicketKeys(TicketKey::random(), current_));
}

const TicketKey* TicketKeys::find(const std::uint8_t* name, bool& is_current) const {
  is_current = std::memcmp(name, current_.name.data(), TicketKey::kNameBytes) == 0;
  if (is_current) return &current_;
  return std::memcmp(name, previous_.name.data(), TicketKey::kNameBytes) == 0 ? &previous_
                                                                              : nullptr;
}

}  // namespace sallyport::tls
