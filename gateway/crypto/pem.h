#pragma once

// PEM (RFC 7468): text around DER. Text between the blocks is skipped, as tools write comments
// there.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"

namespace sallyport::crypto {

struct PemBlock {
  std::string label;  // "CERTIFICATE", "PRIVATE KEY"
  std::string der;    // may be a secret: never log it
};

// read_pem returns all blocks in order; it fails on a broken block and on more than `limit`.
// A block with headers (an encrypted key of the old kind) is refused.
Result<std::vector<PemBlock>> read_pem(std::string_view pem, std::size_t limit);

// write_pem wraps DER.
std::string write_pem(std::string_view label, std::string_view der);

}  // namespace sallyport::crypto
