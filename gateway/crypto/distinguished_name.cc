#include "gateway/crypto/distinguished_name.h"

#include <openssl/bytestring.h>
#include <openssl/mem.h>

#include <array>
#include <utility>
#include <vector>

#include "gateway/base/text.h"
#include "gateway/crypto/bytes.h"

namespace sallyport::crypto {
namespace {

constexpr std::string_view kCommonName = "2.5.4.3";

// RFC 4514 section 3 and, beyond it, the short names that OpenSSL's tools print.
constexpr std::array kShortNames{
    std::pair{kCommonName, std::string_view("CN")},
    std::pair{std::string_view("2.5.4.4"), std::string_view("SN")},
    std::pair{std::string_view("2.5.4.5"), std::string_view("serialNumber")},
    std::pair{std::string_view("2.5.4.6"), std::string_view("C")},
    std::pair{std::string_view("2.5.4.7"), std::string_view("L")},
    std::pair{std::string_view("2.5.4.8"), std::string_view("ST")},
    std::pair{std::string_view("2.5.4.9"), std::string_view("street")},
    std::pair{std::string_view("2.5.4.10"), std::string_view("O")},
    std::pair{std::string_view("2.5.4.11"), std::string_view("OU")},
    std::pair{std::string_view("2.5.4.12"), std::string_view("title")},
    std::pair{std::string_view("2.5.4.15"), std::string_view("businessCategory")},
    std::pair{std::string_view("2.5.4.17"), std::string_view("postalCode")},
    std::pair{std::string_view("2.5.4.42"), std::string_view("GN")},
    std::pair{std::string_view("2.5.4.97"), std::string_view("organizationIdentifier")},
    std::pair{std::string_view("0.9.2342.19200300.100.1.1"), std::string_view("UID")},
    std::pair{std::string_view("0.9.2342.19200300.100.1.25"), std::string_view("DC")},
    std::pair{std::string_view("1.2.840.113549.1.9.1"), std::string_view("emailAddress")},
};

std::string_view short_name(std::string_view oid) {
  for (const auto& [number, name] : kShortNames) {
    if (number == oid) return name;
  }
  return {};
}

// RFC 4514 section 2.4: what must not stand bare in a value.
std::string escaped(std::string_view value) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const bool at_edge = i == 0 || i + 1 == value.size();
    const bool special = std::string_view("\"+,;<>\\").find(c) != std::string_view::npos;
    if (special || (c == ' ' && at_edge) || (c == '#' && i == 0)) out += '\\';
    out += c;
  }
  return out;
}

struct Attribute {
  std::string oid;
  std::optional<std::string> value;  // nullopt: not a string
  std::string_view der;
};

std::optional<Attribute> read_attribute(CBS* rdn) {
  CBS attribute, oid, element, value;
  unsigned tag = 0;
  std::size_t header = 0;
  if (!CBS_get_asn1(rdn, &attribute, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&attribute, &oid, CBS_ASN1_OBJECT) ||
      !CBS_get_any_asn1_element(&attribute, &element, &tag, &header) || CBS_len(&attribute) != 0) {
    return std::nullopt;
  }
  const bssl::UniquePtr<char> oid_text(CBS_asn1_oid_to_text(&oid));
  if (!oid_text) return std::nullopt;
  Attribute out;
  out.oid = oid_text.get();
  out.der = view_of(CBS_data(&element), CBS_len(&element));
  value = element;
  CBS_skip(&value, header);
  // A constructed or non-universal tag is no string; its number would look like one.
  if ((tag & ~CBS_ASN1_TAG_NUMBER_MASK) == 0) {
    out.value = printable_text(tag, view_of(CBS_data(&value), CBS_len(&value)));
  }
  return out;
}

std::string render(const Attribute& attribute) {
  const std::string_view name = short_name(attribute.oid);
  if (name.empty()) return attribute.oid + "=#" + to_hex(attribute.der);
  if (!attribute.value) return std::string(name) + "=#" + to_hex(attribute.der);
  return std::string(name) + "=" + escaped(*attribute.value);
}

}  // namespace

std::optional<NameText> name_text(std::string_view der) {
  CBS input, name;
  CBS_init(&input, data_of(der), der.size());
  if (!CBS_get_asn1(&input, &name, CBS_ASN1_SEQUENCE) || CBS_len(&input) != 0) return std::nullopt;

  NameText out;
  std::size_t common_names = 0;
  std::vector<std::string> relative_names;
  while (CBS_len(&name) != 0) {
    CBS rdn;
    if (!CBS_get_asn1(&name, &rdn, CBS_ASN1_SET) || CBS_len(&rdn) == 0) return std::nullopt;
    std::string text;
    while (CBS_len(&rdn) != 0) {
      const auto attribute = read_attribute(&rdn);
      if (!attribute) return std::nullopt;
      if (!text.empty()) text += '+';
      text += render(*attribute);
      if (attribute->oid != kCommonName) continue;
      ++common_names;
      out.common_name = attribute->value.value_or("");
    }
    relative_names.push_back(std::move(text));
  }
  if (common_names != 1) out.common_name.clear();
  // RFC 4514 section 2.1: beginning with the last element.
  for (auto text = relative_names.rbegin(); text != relative_names.rend(); ++text) {
    if (!out.text.empty()) out.text += ',';
    out.text += *text;
  }
  return out;
}

}  // namespace sallyport::crypto
