#include <openssl/err.h>
#include <openssl/x509.h>

#include "gateway/crypto/bytes.h"
#include "gateway/crypto/distinguished_name.h"

namespace sallyport::crypto {
namespace {

bssl::UniquePtr<X509_NAME> parse(std::string_view der) {
  const std::uint8_t* data = data_of(der);
  bssl::UniquePtr<X509_NAME> name(d2i_X509_NAME(nullptr, &data, static_cast<long>(der.size())));
  ERR_clear_error();
  const bool is_whole = name && data == data_of(der) + der.size();
  return is_whole ? std::move(name) : nullptr;
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  const auto one = parse(a), other = parse(b);
  return one && other && X509_NAME_cmp(one.get(), other.get()) == 0;
}

}  // namespace sallyport::crypto
