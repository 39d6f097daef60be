#include "modules/headers/response_fields.h"

#include <algorithm>
#include <span>

#include "gateway/http/field_names.h"

namespace sallyport::headers {
namespace {

using http::Field;
using http::OwnField;

constexpr http::FieldName kInteractionId("x-fapi-interaction-id");

// A year, as browsers ask of sites that mean it (RFC 6797 section 6.1.1).
constexpr OwnField kTransport{"Strict-Transport-Security", "max-age=31536000"};

constexpr std::array<OwnField, 3> kFdx = {{
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
}};

constexpr std::array<OwnField, 3> kBrowser = {{
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
}};

std::span<const OwnField> fields_of(Security security) {
  switch (security) {
    case Security::fdx:
      return kFdx;
    case Security::browser:
      return kBrowser;
    case Security::none:
      return {};
  }
  return {};
}

void replace(http::Fields& fields, const OwnField& own) {
  fields.remove(own.name().text());
  fields.add(own);
}

bool is_never_for_clients(std::string_view name, const ResponseRules& rules) {
  // RFC 9440 section 2.4: never in an answer.
  if (http::equals_folded(name, "client-cert") || http::equals_folded(name, "client-cert-chain")) {
    return true;
  }
  return std::ranges::any_of(
      rules.strip, [&](const std::string& listed) { return http::equals_folded(name, listed); });
}

}  // namespace

void dress_response(const policy::Exchange& exchange, http::ResponseHead& head,
                    const ResponseRules& rules) {
  head.fields.remove_if(
      [&](const Field& field) { return is_never_for_clients(field.name, rules); });
  for (const OwnField& own : fields_of(rules.security)) replace(head.fields, own);
  const bool over_tls = !exchange.connection.tls_version.empty();
  // Without TLS the field means nothing and must be ignored (RFC 6797 section 8.1).
  if (rules.security != Security::none && over_tls) {
    replace(head.fields, kTransport);
  }
  if (!exchange.interaction_id.empty()) {
    head.fields.remove(kInteractionId.text());
    head.fields.add(kInteractionId, exchange.interaction_id);
  }
}

}  // namespace sallyport::headers
