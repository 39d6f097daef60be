#pragma once

// Which names of fields mean what. Every question folds names (http/folded_name.h): servers that
// turn them into variables cannot tell `Client_Cert` from `Client-Cert` (RFC 9440 section 4).

#include <string>
#include <string_view>

namespace sallyport::http {

// is_token says whether `name` may be the name of a field (RFC 9110 section 5.1).
bool is_token(std::string_view name);

// is_field_value says whether `value` may be written as a field's value: no control character, no
// line end, no surrounding white space.
bool is_field_value(std::string_view value);

// is_token68 says whether `text` may be credentials: a bearer token and the like (RFC 9110 section
// 11.2). A JWT uses a part of that alphabet.
bool is_token68(std::string_view text);

// folded returns a name as it is compared: lower case, with "-" for all but letters and digits.
std::string folded(std::string_view name);

// equals_folded compares a name of any spelling with one that is folded.
bool equals_folded(std::string_view name, std::string_view canonical);

// is_hop_by_hop: meant for this connection only (RFC 9110 section 7.6.1), with the obsolete
// Keep-Alive and Proxy-Connection, and the credentials meant for a forward proxy.
bool is_hop_by_hop(std::string_view name);

// is_framing: decides where a message ends, for whom it is, or what becomes of the connection. Only
// the codecs write these.
bool is_framing(std::string_view name);

// is_of_http_1: either of them. HTTP/2 has none of these fields (RFC 9113 section 8.2.2).
bool is_of_http_1(std::string_view name);

// is_trust: what upstreams believe when a gateway says it (who calls, from where, by which
// certificate, which address was meant). Nobody outside may say it; http/trust_fields.h has them
// all.
bool is_trust(std::string_view name);

// is_known: a field of the standards or of FAPI that the gateway or an upstream decides by.
bool is_known(std::string_view name);

// is_lookalike: has octets besides letters, digits and "-", so that it can be folded to the name of
// another field.
bool is_lookalike(std::string_view name);

// is_unlistable: must not be named by a Connection field, because it is meant for the upstream and
// its removal would change what the upstream decides. Includes is_trust.
bool is_unlistable(std::string_view name);

// is_forbidden_trailer: must not come after the body (RFC 9110 section 6.5.1). Includes
// is_hop_by_hop, is_framing and is_trust.
bool is_forbidden_trailer(std::string_view name);

}  // namespace sallyport::http
