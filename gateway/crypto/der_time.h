#pragma once

// The times of certificates and revocation lists. Internal to the room.

#include <openssl/bytestring.h>

#include <cstdint>
#include <optional>

namespace sallyport::crypto {

// read_der_time takes a UTCTime or GeneralizedTime off `from`, as Unix seconds. RFC 5280 section
// 4.1.2.5: both have seconds and end in Z.
std::optional<std::int64_t> read_der_time(CBS* from);

}  // namespace sallyport::crypto
