// Any text: what parses must render to text that parses to the same, and a set of it must agree
// with the prefix itself.

#include <cstdint>
#include <string_view>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/net/address.h"

using sallyport::net::Address;
using sallyport::net::Prefix;
using sallyport::net::PrefixSet;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto address = Address::parse(text)) {
    SALLYPORT_CHECK(Address::parse(address->text()) == *address);
  }
  PrefixSet::Builder builder;
  if (!builder.add_text(text)) return 0;
  const PrefixSet set = std::move(builder).build();
  SALLYPORT_CHECK(set.size() == 1);
  if (const auto prefix = Prefix::parse(text)) {
    const auto again = Prefix::parse(prefix->text());
    SALLYPORT_CHECK(again && again->first() == prefix->first());
    SALLYPORT_CHECK(again->length() == prefix->length());
    SALLYPORT_CHECK(prefix->contains(prefix->first()) && prefix->contains(prefix->last()));
    SALLYPORT_CHECK(set.contains(prefix->first()) && set.contains(prefix->last()));
  }
  return 0;
}
