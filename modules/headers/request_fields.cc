#include "modules/headers/request_fields.h"

#include <fmt/core.h>

#include <algorithm>

#include "gateway/crypto/base64.h"
#include "gateway/crypto/verified_certificate.h"
#include "gateway/http/field_names.h"
#include "gateway/policy/facts.h"

namespace sallyport::headers {
namespace {

constexpr http::FieldName kInteractionId("x-fapi-interaction-id");

constexpr http::OwnField kHttp("X-Forwarded-Proto", "http");
constexpr http::OwnField kHttps("X-Forwarded-Proto", "https");

bool is_listed(std::string_view name, const std::vector<std::string>& lower_case) {
  return std::ranges::any_of(
      lower_case, [&](const std::string& listed) { return http::equals_folded(name, listed); });
}

// forwarded renders RFC 7239 section 4: a token stands as it is, anything else as a quoted string.
// The authority has neither quotation marks nor backslashes (http/authority.h).
std::string_view forwarded(const policy::Exchange& exchange, std::string_view address,
                           std::string_view scheme) {
  const std::string node = forwarded_node(exchange.facts.client_address.family(), address);
  const std::string_view host = exchange.request.authority;
  const std::string_view quote = http::is_token(host) ? "" : "\"";
  if (host.empty()) return exchange.arena.join({"for=", node, ";proto=", scheme});
  return exchange.arena.join({"for=", node, ";host=", quote, host, quote, ";proto=", scheme});
}

// add_client_certificate follows RFC 9440 section 2.2: a byte sequence of structured fields.
void add_client_certificate(policy::Exchange& exchange) {
  if (!exchange.facts.client_certificate) return;
  const std::string& der = exchange.facts.client_certificate->view().der;
  const std::string value = ':' + crypto::encode_base64(der) + ':';
  exchange.request.fields.add(http::FieldName("Client-Cert"), exchange.arena.copy(value));
}

// What only a gateway may say is gone already, on every route (gateway/http/trust_fields.h).
void remove_replaced(policy::Exchange& exchange, const RequestRules& rules) {
  exchange.request.fields.remove_if([&](const http::Field& field) {
    return http::equals_folded(field.name, kInteractionId.text()) ||
           (rules.authorization == Authorization::remove &&
            http::equals_folded(field.name, "authorization")) ||
           is_listed(field.name, rules.strip);
  });
}

http::OwnField via_of(const http::RequestHead& request) {
  if (request.version_major == 2) return http::OwnField("Via", "2 sallyport");
  return request.version_minor == 0 ? http::OwnField("Via", "1.0 sallyport")
                                    : http::OwnField("Via", "1.1 sallyport");
}

}  // namespace

std::string forwarded_node(net::Family family, std::string_view address) {
  if (family == net::Family::none) return "unknown";
  if (family == net::Family::v4) return std::string(address);
  return fmt::format("\"[{}]\"", address);
}

void make_trustworthy(policy::Exchange& exchange, const RequestRules& rules) {
  remove_replaced(exchange, rules);
  Arena& arena = exchange.arena;
  http::Fields& fields = exchange.request.fields;
  const policy::ConnectionFacts& connection = exchange.connection;
  const bool is_tls = !connection.tls_version.empty();
  const std::string_view address = arena.copy(exchange.facts.client_address.text());
  if (exchange.facts.client_address.family() != net::Family::none) {
    fields.add(http::FieldName("X-Forwarded-For"), address);
  }
  fields.add(is_tls ? kHttps : kHttp);
  if (!exchange.request.authority.empty()) {
    fields.add(http::FieldName("X-Forwarded-Host"), exchange.request.authority);
  }
  fields.add(http::FieldName("X-Forwarded-Port"),
             arena.copy(std::to_string(connection.local_port)));
  fields.add(http::FieldName("Forwarded"),
             forwarded(exchange, address, (is_tls ? kHttps : kHttp).value()));
  // A field of its own is the same list with one more member (RFC 9110 sections 5.3 and 7.6.3).
  fields.add(via_of(exchange.request));
  if (rules.client_cert) add_client_certificate(exchange);
  if (!exchange.interaction_id.empty()) fields.add(kInteractionId, exchange.interaction_id);
}

}  // namespace sallyport::headers
