#include "gateway/crypto/pem.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/pem.h>

#include <climits>

#include "gateway/base/check.h"
#include "gateway/crypto/base64.h"
#include "gateway/crypto/bytes.h"

namespace sallyport::crypto {
namespace {

// Pieces of one block as the library hands them out.
struct RawBlock {
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;

  RawBlock() = default;
  RawBlock(const RawBlock&) = delete;
  RawBlock& operator=(const RawBlock&) = delete;
  ~RawBlock() {
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
  }
};

bool was_the_end() {
  const std::uint32_t error = ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

}  // namespace

Result<std::vector<PemBlock>> read_pem(std::string_view pem, std::size_t limit) {
  if (pem.size() > INT_MAX) return Error{Fault::gateway, "the PEM text is too long"};
  bssl::UniquePtr<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  SALLYPORT_CHECK(bio);
  std::vector<PemBlock> blocks;
  for (;;) {
    RawBlock raw;
    ERR_clear_error();
    if (PEM_read_bio(bio.get(), &raw.name, &raw.header, &raw.data, &raw.size) != 1) break;
    const std::string where =
        "PEM block " + std::to_string(blocks.size() + 1) + " (" + raw.name + ")";
    if (raw.header[0] != '\0') {
      return Error{Fault::gateway, where + " is encrypted; decrypt it first"};
    }
    if (blocks.size() == limit) {
      return Error{Fault::gateway,
                   where + " is one more than the limit of " + std::to_string(limit)};
    }
    blocks.push_back(
        {raw.name, std::string(view_of(raw.data, static_cast<std::size_t>(raw.size)))});
  }
  const bool ended = was_the_end();
  ERR_clear_error();
  if (!ended) {
    return Error{Fault::gateway,
                 "PEM block " + std::to_string(blocks.size() + 1) + " is cut short or not base64"};
  }
  return blocks;
}

std::string write_pem(std::string_view label, std::string_view der) {
  constexpr std::size_t kLine = 64;  // RFC 7468 section 2
  const std::string text = encode_base64(der);
  std::string out = "-----BEGIN " + std::string(label) + "-----\n";
  for (std::size_t at = 0; at < text.size(); at += kLine) out += text.substr(at, kLine) + "\n";
  return out + "-----END " + std::string(label) + "-----\n";
}

}  // namespace sallyport::crypto
