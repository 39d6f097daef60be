#pragma once

// PEM (RFC 7468): text around DER. Text between the blocks is skipped, as tools write comments
// there, but nothing that might be a block is: a line with -----BEGIN that is not taken is an
// error, so that nobody believes half a file to be the whole.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/crypto/secret_text.h"

namespace sallyport::crypto {

struct PemBlock {
  std::string label;     // "CERTIFICATE", "PRIVATE KEY"
  std::string der;       // may be a secret: never log it; it is wiped with the block
  std::size_t line = 0;  // of its BEGIN, counted from one

  PemBlock() = default;
  PemBlock(PemBlock&&) noexcept = default;
  PemBlock& operator=(PemBlock&& other) noexcept {
    wipe(der);
    label = std::move(other.label);
    der = std::move(other.der);
    line = other.line;
    return *this;
  }
  ~PemBlock() { wipe(der); }
};

// read_pem returns all blocks in order; it fails on a broken block and on more than `limit`. Errors
// name the line and what to do. A byte order mark at the start is skipped; lines end in LF, CRLF or
// CR; blanks at the end of a line and among the base64 are ignored (RFC 7468 section 3, the lax
// form). A block with headers (an encrypted key of the old kind) is refused.
Result<std::vector<PemBlock>> read_pem(std::string_view pem, std::size_t limit);

// write_pem wraps DER.
std::string write_pem(std::string_view label, std::string_view der);

}  // namespace sallyport::crypto
