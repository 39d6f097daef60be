#pragma once

// TicketKeys seal session tickets (RFC 5077, RFC 8446 section 4.6.1). All workers share them, so
// that a client may resume on any; control rotates them, so that a stolen key opens little.

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "gateway/base/secret_pages.h"

namespace sallyport::tls {

struct TicketKey {
  static constexpr std::size_t kNameBytes = 16;

  std::array<std::uint8_t, kNameBytes> name;  // public: it is sent in the ticket
  std::array<std::uint8_t, 32> hmac;          // HMAC-SHA-256
  std::array<std::uint8_t, 32> aes;           // AES-256-CBC

  static TicketKey random();
  ~TicketKey();
  TicketKey(const TicketKey&) = default;
  TicketKey& operator=(const TicketKey&) = default;

 private:
  TicketKey() = default;
};

// Immutable: rotation makes another one. Kept in pages that no core dump contains. While a ticket
// is sealed or opened, BoringSSL has the key schedule on its heap, which it wipes.
class TicketKeys {
 public:
  static void* operator new(std::size_t size) { return allocate_secret(size); }
  static void operator delete(void* keys, std::size_t size) noexcept { free_secret(keys, size); }

  static std::shared_ptr<const TicketKeys> make();
  // rotated has a new key for new tickets and still opens those of the current key.
  std::shared_ptr<const TicketKeys> rotated() const;

  const TicketKey& current() const { return current_; }
  // find returns the key with this name, or null. `is_current` says whether a ticket that it
  // opens should stay as it is.
  const TicketKey* find(const std::uint8_t* name, bool& is_current) const;

 private:
  TicketKeys(const TicketKey& current, const TicketKey& previous)
      : current_(current), previous_(previous) {}

  TicketKey current_;
  TicketKey previous_;
};

}  // namespace sallyport::tls
