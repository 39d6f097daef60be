// Whatever a file has in it: it is refused, or opened, and then every address can be looked up. The
// library that looks up is not built with sanitizers, so the octets of all that it returns are
// read.

#include <array>
#include <cstdint>
#include <string_view>

#include "gateway/base/check.h"
#include "modules/geo/database.h"

namespace {

using sallyport::geo::Database;
using sallyport::geo::DatabaseKind;
using sallyport::net::Address;
using sallyport::policy::Location;

bool is_code(std::string_view code) {
  return code.empty() ||
         (code.size() == 2 && code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z');
}

void look_up(const Database& database, const Address& address) {
  Location location;
  if (!database.look_up(address, location)) return;
  SALLYPORT_CHECK(is_code(location.country()) && is_code(location.continent()));
}

// Addresses that go left, right, and as the file itself says.
void look_around(const Database& database, std::string_view bytes) {
  for (std::uint32_t i = 0; i < 32; ++i) {
    look_up(database, Address::from_v4(1U << i));
    look_up(database, Address::from_v4(~(1U << i)));
  }
  std::array<std::uint8_t, 16> v6{};
  for (std::size_t at = 0; at + v6.size() <= bytes.size() && at < 4096; at += 7) {
    for (std::size_t i = 0; i < v6.size(); ++i) v6[i] = static_cast<std::uint8_t>(bytes[at + i]);
    look_up(database, Address::from_v6(v6));
    look_up(database, Address::from_v4(static_cast<std::uint32_t>(v6[0] << 24 | v6[5])));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const DatabaseKind kind : {DatabaseKind::country, DatabaseKind::asn}) {
    const auto database = Database::open(bytes, kind);
    if (database) look_around(**database, bytes);
  }
  return 0;
}
