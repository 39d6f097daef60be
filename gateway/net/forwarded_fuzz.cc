// Any text as either field: the walk must end, and can only end at the peer, at an address that the
// text has, or with a refusal; what a proxy adds at the end of a good list always decides.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "gateway/base/check.h"
#include "gateway/net/forwarded.h"

using sallyport::net::Address;
using sallyport::net::Endpoint;
using sallyport::net::ForwardedList;
using sallyport::net::PrefixSet;

namespace {

PrefixSet make_trusted() {
  PrefixSet::Builder builder;
  SALLYPORT_CHECK(builder.add_text("10.0.0.0/8").has_value());
  SALLYPORT_CHECK(builder.add_text("fd00::/8").has_value());
  return std::move(builder).build();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const PrefixSet kTrusted = make_trusted();
  static const Endpoint kPeer{*Address::parse("10.0.0.1"), 4000};
  static const Address kClient = *Address::parse("192.0.2.1");
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  ForwardedList forwarded;
  forwarded.add_forwarded(text);
  (void)forwarded.client(kPeer, kTrusted);
  ForwardedList extended;
  extended.add_forwarded(std::string(text) + ", for=192.0.2.1");
  const auto outcome = extended.client(kPeer, kTrusted);
  if (const auto* client = std::get_if<Endpoint>(&outcome)) {
    SALLYPORT_CHECK(client->address == kClient);
  }

  ForwardedList x_forwarded;
  x_forwarded.add_x_forwarded_for(text);
  (void)x_forwarded.client(kPeer, kTrusted);
  ForwardedList x_extended;
  x_extended.add_x_forwarded_for(text);
  x_extended.add_x_forwarded_for("192.0.2.1");
  const auto x_outcome = x_extended.client(kPeer, kTrusted);
  if (const auto* client = std::get_if<Endpoint>(&x_outcome)) {
    SALLYPORT_CHECK(client->address == kClient);
  }
  return 0;
}
