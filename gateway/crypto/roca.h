#pragma once

// The fingerprint of RSA keys made by a faulty library of smart cards and security chips (ROCA,
// CVE-2017-15361): whoever has the public key can compute the private one.

#include <string_view>

namespace sallyport::crypto {

// has_roca_fingerprint looks at a modulus, big-endian, of 2048 bits or more. The primes of such
// keys are powers of 65537 modulo every small prime, and so is their product. Of other moduli less
// than one in 2^100 has the fingerprint, and nearly all are done with after two divisions.
bool has_roca_fingerprint(std::string_view modulus);

}  // namespace sallyport::crypto
