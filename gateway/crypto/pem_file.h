#pragma once

// What stands in a PEM file of certificates, keys or revocation lists, for every reader of such
// files: which kinds of blocks are taken, skipped or refused there. Files in the layouts of nginx
// and HAProxy load: certificate, chain, key and parameters in one, in any order of kinds.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/crypto/pem.h"

namespace sallyport::crypto {

struct PemTaken {
  std::vector<std::string> ders;  // in the file's order
  // "took 3 certificates; skipped EC PARAMETERS (line 1)": of a file with more than one block, else
  // empty. For the operator.
  std::string told;
};

// PemUse says what the certificates of a file are for.
enum class PemUse {
  trust,  // vouching for others: a private key, a list or restrictions of use there are an error
  show,   // being shown to peers or looked at: the key may stand beside them
};

// take_certificates returns the DER of every certificate; none, more than `limit`, and a block of a
// kind that has no place there are errors. Labels: CERTIFICATE, X509 CERTIFICATE, TRUSTED
// CERTIFICATE (of OpenSSL: what follows the certificate inside it is left out; for PemUse::trust
// it must not restrict anything). Errors name the line and what to do.
Result<PemTaken> take_certificates(std::string_view pem, std::size_t limit, PemUse use);

// take_lists does the same with X509 CRL.
Result<PemTaken> take_lists(std::string_view pem, std::size_t limit);

struct PemKey {
  PemBlock block;  // PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY
  std::string told;
};
// take_key returns the one private key of a file; an encrypted one, and a second, are errors.
Result<PemKey> take_key(std::string_view pem);

}  // namespace sallyport::crypto
