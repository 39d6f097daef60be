#include "gateway/crypto/roca.h"

#include <cstdint>

namespace sallyport::crypto {
namespace {

constexpr std::uint32_t kGenerator = 65537;
// The product of all primes up to here divides the generator's modulus for keys of 1,984 bits and
// more (their primes have 992), in which it goes up to 701.
constexpr std::uint32_t kLargest = 701;

constexpr bool is_prime(std::uint32_t number) {
  for (std::uint32_t factor = 2; factor * factor <= number; ++factor) {
    if (number % factor == 0) return false;
  }
  return number > 1;
}

std::uint32_t remainder_of(std::string_view modulus, std::uint32_t prime) {
  std::uint32_t rest = 0;
  for (const char octet : modulus) {
    rest = (rest * 256 + static_cast<std::uint8_t>(octet)) % prime;
  }
  return rest;
}

bool is_power_of_generator(std::uint32_t rest, std::uint32_t prime) {
  std::uint32_t power = 1;
  do {
    if (power == rest) return true;
    power = power * (kGenerator % prime) % prime;
  } while (power != 1);
  return false;
}

}  // namespace

bool has_roca_fingerprint(std::string_view modulus) {
  for (std::uint32_t prime = 3; prime <= kLargest; prime += 2) {
    if (is_prime(prime) && !is_power_of_generator(remainder_of(modulus, prime), prime))
      return false;
  }
  return true;
}

}  // namespace sallyport::crypto
