// Any bytes: the verdict on a part of the stream must hold for all of it, and the parser may ask
// for no more than it promises.

#include <cstdint>
#include <string_view>
#include <variant>

#include "gateway/base/check.h"
#include "gateway/net/proxy_header.h"

using sallyport::net::kMaxProxyHeader;
using sallyport::net::parse_proxy_header;
using sallyport::net::ProxyHeader;
using sallyport::net::ProxyNeedsMore;
using sallyport::net::ProxyResult;
using sallyport::net::ProxyViolation;

namespace {

bool is_same(const ProxyResult& a, const ProxyResult& b) {
  if (a.index() != b.index()) return false;
  if (const auto* violation = std::get_if<ProxyViolation>(&a)) {
    return *violation == std::get<ProxyViolation>(b);
  }
  const auto* header = std::get_if<ProxyHeader>(&a);
  if (header == nullptr) return true;
  const auto& other = std::get<ProxyHeader>(b);
  return header->length == other.length && header->source == other.source &&
         header->destination == other.destination && header->is_local == other.is_local;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const ProxyResult whole = parse_proxy_header(bytes);
  if (std::holds_alternative<ProxyNeedsMore>(whole)) SALLYPORT_CHECK(size < kMaxProxyHeader);
  if (const auto* header = std::get_if<ProxyHeader>(&whole)) {
    SALLYPORT_CHECK(header->length <= size && header->length <= kMaxProxyHeader);
    // The bytes after the header belong to the client.
    SALLYPORT_CHECK(is_same(whole, parse_proxy_header(bytes.substr(0, header->length))));
  }
  bool decided = false;
  for (std::size_t part = 0; part <= size && !decided; ++part) {
    const ProxyResult early = parse_proxy_header(bytes.substr(0, part));
    decided = !std::holds_alternative<ProxyNeedsMore>(early);
    if (decided) SALLYPORT_CHECK(is_same(early, whole));
  }
  return 0;
}
