#include "modules/bearer/jwt.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/crypto/base64.h"

namespace sallyport::bearer {
namespace {

// A header of an honest token has a handful of flat members; claims may nest a little.
constexpr json::Limits kHeaderLimits{.max_bytes = 4 * 1024, .max_depth = 4};
constexpr json::Limits kPayloadLimits{.max_bytes = 64 * 1024, .max_depth = 8};

constexpr std::string_view kApplication = "application/";

struct Parts {
  std::string_view header, payload, signature;
};

std::variant<Parts, JwtFault> split(std::string_view token) {
  const auto points = std::count(token.begin(), token.end(), '.');
  // RFC 7516 section 3.1: five parts are an encrypted token, which we cannot and need not read.
  if (points == 4) return JwtFault::encrypted;
  if (points != 2) return JwtFault::not_three_parts;
  const std::size_t first = token.find('.');
  const std::size_t second = token.rfind('.');
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1),
               token.substr(second + 1)};
}

// fault_of tells apart what an attacker plays with; any other syntax is just not JSON.
JwtFault fault_of(json::Flaw flaw, JwtFault not_json) {
  switch (flaw) {
    case json::Flaw::duplicate:
      return JwtFault::duplicate_member;
    case json::Flaw::too_deep:
      return JwtFault::too_deep;
    case json::Flaw::utf8:
      return JwtFault::invalid_utf8;
    case json::Flaw::nul:
      return JwtFault::nul;
    case json::Flaw::number:
      return JwtFault::number_too_large;
    case json::Flaw::syntax:
    case json::Flaw::too_large:
      return not_json;
  }
  return not_json;
}

// read_object decodes one part; both faults belong to that part.
std::variant<json::Value, JwtFault> read_object(std::string_view part, json::Limits limits,
                                                JwtFault not_base64url, JwtFault not_json) {
  const auto text = crypto::decode_base64url(part);
  if (!text) return not_base64url;
  json::Flaw flaw{};
  auto value = json::parse(*text, limits, &flaw);
  if (!value) return fault_of(flaw, not_json);
  if (!value->is_object()) return not_json;
  return *std::move(value);
}

std::optional<JwtFault> read_algorithm(UnverifiedJwt& jwt) {
  const auto name = jwt.header.member("alg").string();
  if (!name) return JwtFault::algorithm_missing;
  if (equals_ignoring_case(*name, "none")) return JwtFault::algorithm_none;
  // RFC 8725 section 2.1: a public key is no secret, so nothing that is keyed with it proves much.
  if (equals_ignoring_case(name->substr(0, 2), "HS")) return JwtFault::algorithm_symmetric;
  const auto algorithm = crypto::signature_algorithm(*name);
  if (!algorithm) return JwtFault::algorithm_unknown;
  jwt.algorithm = *algorithm;
  return std::nullopt;
}

// find_extension refuses what would change how the token is to be read. jku, x5u, jwk and x5c are
// left alone: they offer keys, and keys come from the configured issuer only (RFC 8725 3.10).
std::optional<JwtFault> find_extension(const json::Value& header) {
  if (header.member("crit").exists()) return JwtFault::critical;  // RFC 7515 4.1.11: none is known
  if (header.member("b64").exists()) return JwtFault::unencoded_payload;  // RFC 7797
  if (header.member("zip").exists()) return JwtFault::compressed;
  return std::nullopt;
}

std::optional<JwtFault> read_type(UnverifiedJwt& jwt) {
  if (const json::Value type = jwt.header.member("typ"); type.exists()) {
    if (!type.is_string()) return JwtFault::type_not_text;
    jwt.type = *type.string();
  }
  // RFC 7519 section 5.2: "cty" is there when the payload is another token.
  if (jwt.header.member("cty").exists()) return JwtFault::nested;
  return std::nullopt;
}

std::optional<JwtFault> read_key_id(UnverifiedJwt& jwt, KeyNaming naming) {
  const json::Value member = jwt.header.member("kid");
  if (!member.exists() && naming == KeyNaming::optional) return std::nullopt;
  const auto kid = member.string();
  if (!kid || kid->empty()) return JwtFault::key_id_missing;
  if (kid->size() > kMaxKeyIdBytes) return JwtFault::key_id_too_long;
  jwt.key_id = *kid;
  return std::nullopt;
}

std::optional<JwtFault> read_header(UnverifiedJwt& jwt, KeyNaming naming) {
  if (const auto fault = read_algorithm(jwt)) return fault;
  if (const auto fault = find_extension(jwt.header)) return fault;
  if (const auto fault = read_type(jwt)) return fault;
  return read_key_id(jwt, naming);
}

bool is_zero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
}

// check_signature_form knows what no key is needed for: the fixed lengths of RFC 7518 section 3.4
// and RFC 8032, and r and s that are zero, which careless libraries have taken for a signature.
std::optional<JwtFault> check_signature_form(Algorithm algorithm, std::string_view signature) {
  std::size_t length = 0;
  switch (algorithm) {
    case Algorithm::rs256:
    case Algorithm::ps256:
      return std::nullopt;
    case Algorithm::es256:
    case Algorithm::eddsa:
      length = 64;
      break;
    case Algorithm::es384:
      length = 96;
      break;
  }
  if (signature.size() != length) return JwtFault::signature_length;
  if (algorithm == Algorithm::eddsa) return std::nullopt;
  const std::size_t half = length / 2;
  if (is_zero(signature.substr(0, half)) || is_zero(signature.substr(half))) {
    return JwtFault::signature_zero;
  }
  return std::nullopt;
}

std::optional<JwtFault> read_signature(std::string_view part, UnverifiedJwt& jwt) {
  if (part.empty()) return JwtFault::signature_empty;
  auto signature = crypto::decode_base64url(part);
  if (!signature) return JwtFault::signature_not_base64url;
  jwt.signature = *std::move(signature);
  return check_signature_form(jwt.algorithm, jwt.signature);
}

std::string_view without_application(std::string_view type) {
  if (equals_ignoring_case(type.substr(0, kApplication.size()), kApplication)) {
    type.remove_prefix(kApplication.size());
  }
  return type;
}

}  // namespace

std::variant<UnverifiedJwt, JwtFault> parse_jwt(std::string_view token, KeyNaming naming) {
  const auto split_token = split(token);
  if (const auto* fault = std::get_if<JwtFault>(&split_token)) return *fault;
  const Parts& parts = std::get<Parts>(split_token);

  UnverifiedJwt jwt;
  auto header = read_object(parts.header, kHeaderLimits, JwtFault::header_not_base64url,
                            JwtFault::header_not_json);
  if (const auto* fault = std::get_if<JwtFault>(&header)) return *fault;
  jwt.header = std::get<json::Value>(std::move(header));
  if (const auto fault = read_header(jwt, naming)) return *fault;

  auto payload = read_object(parts.payload, kPayloadLimits, JwtFault::payload_not_base64url,
                             JwtFault::payload_not_json);
  if (const auto* fault = std::get_if<JwtFault>(&payload)) return *fault;
  jwt.payload = std::get<json::Value>(std::move(payload));

  if (const auto fault = read_signature(parts.signature, jwt)) return *fault;
  jwt.signing_input = token.substr(0, parts.header.size() + 1 + parts.payload.size());
  return jwt;
}

bool is_type(std::string_view type, std::string_view expected) {
  return equals_ignoring_case(without_application(type), without_application(expected));
}

std::string_view to_string(JwtFault fault) {
  switch (fault) {
    case JwtFault::not_three_parts:
      return "not three parts";
    case JwtFault::encrypted:
      return "five parts: encrypted tokens are not read";
    case JwtFault::header_not_base64url:
      return "header is not strict base64url";
    case JwtFault::header_not_json:
      return "header is not a strict JSON object";
    case JwtFault::payload_not_base64url:
      return "payload is not strict base64url";
    case JwtFault::payload_not_json:
      return "payload is not a strict JSON object";
    case JwtFault::duplicate_member:
      return "a member name appears twice";
    case JwtFault::too_deep:
      return "nested too deep";
    case JwtFault::invalid_utf8:
      return "invalid UTF-8";
    case JwtFault::nul:
      return "NUL";
    case JwtFault::number_too_large:
      return "a number is too large";
    case JwtFault::signature_not_base64url:
      return "signature is not strict base64url";
    case JwtFault::signature_empty:
      return "signature is empty";
    case JwtFault::signature_length:
      return "signature has not the length of its algorithm";
    case JwtFault::signature_zero:
      return "r or s is zero";
    case JwtFault::nested:
      return "cty is present: nested tokens are not read";
    case JwtFault::type_not_text:
      return "typ is not a string";
    case JwtFault::algorithm_missing:
      return "alg is missing or not a string";
    case JwtFault::algorithm_none:
      return "alg is none";
    case JwtFault::algorithm_symmetric:
      return "alg is symmetric";
    case JwtFault::algorithm_unknown:
      return "alg is unknown";
    case JwtFault::critical:
      return "crit is present";
    case JwtFault::unencoded_payload:
      return "b64 is present";
    case JwtFault::compressed:
      return "zip is present";
    case JwtFault::key_id_missing:
      return "kid is missing, empty or not a string";
    case JwtFault::key_id_too_long:
      return "kid is longer than 256 bytes";
  }
  return "malformed";
}

}  // namespace sallyport::bearer
