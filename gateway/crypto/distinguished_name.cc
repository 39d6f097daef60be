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

using namespace std::string_view_literals;

// Object identifiers as they stand in DER.
constexpr std::string_view kCommonName = "\x55\x04\x03";  // 2.5.4.3

// RFC 4514 section 3 and, beyond it, the short names that OpenSSL's tools print.
constexpr std::array kShortNames{
    std::pair{kCommonName, "CN"sv},
    std::pair{"\x55\x04\x04"sv, "SN"sv},
    std::pair{"\x55\x04\x05"sv, "serialNumber"sv},
    std::pair{"\x55\x04\x06"sv, "C"sv},
    std::pair{"\x55\x04\x07"sv, "L"sv},
    std::pair{"\x55\x04\x08"sv, "ST"sv},
    std::pair{"\x55\x04\x09"sv, "street"sv},
    std::pair{"\x55\x04\x0a"sv, "O"sv},
    std::pair{"\x55\x04\x0b"sv, "OU"sv},
    std::pair{"\x55\x04\x0c"sv, "title"sv},
    std::pair{"\x55\x04\x0f"sv, "businessCategory"sv},
    std::pair{"\x55\x04\x11"sv, "postalCode"sv},
    std::pair{"\x55\x04\x2a"sv, "GN"sv},
    std::pair{"\x55\x04\x61"sv, "organizationIdentifier"sv},
    std::pair{"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01"sv, "UID"sv},  // 0.9.2342.19200300.100.1.1
    std::pair{"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"sv, "DC"sv},   // 0.9.2342.19200300.100.1.25
    std::pair{"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"sv, "emailAddress"sv},  // 1.2.840.113549.1.9.1
};

std::string_view short_name(std::string_view oid) {
  for (const auto& [number, name] : kShortNames) {
    if (number == oid) return name;
  }
  return {};
}

// RFC 4514 section 2.4: what must not stand bare in a value.
void append_escaped(std::string& out, std::string_view value) {
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const bool at_edge = i == 0 || i + 1 == value.size();
    const bool special = std::string_view("\"+,;<>\\").find(c) != std::string_view::npos;
    if (special || (c == ' ' && at_edge) || (c == '#' && i == 0)) out += '\\';
    out += c;
  }
}

struct Attribute {
  std::string_view oid;              // as in DER, without tag and length
  std::string_view name;             // the short one; empty when there is none
  std::string dotted;                // of an oid without name
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
  Attribute out;
  out.oid = view_of(CBS_data(&oid), CBS_len(&oid));
  out.name = short_name(out.oid);
  if (out.name.empty()) {
    const bssl::UniquePtr<char> dotted(CBS_asn1_oid_to_text(&oid));
    if (!dotted) return std::nullopt;
    out.dotted = dotted.get();
  }
  out.der = view_of(CBS_data(&element), CBS_len(&element));
  value = element;
  CBS_skip(&value, header);
  // A constructed or non-universal tag is no string; its number would look like one.
  if ((tag & ~CBS_ASN1_TAG_NUMBER_MASK) == 0) {
    out.value = printable_text(tag, view_of(CBS_data(&value), CBS_len(&value)));
  }
  return out;
}

void render(const Attribute& attribute, std::string& to) {
  to += attribute.name.empty() ? attribute.dotted : attribute.name;
  to += '=';
  if (attribute.name.empty() || !attribute.value) {
    to += '#';
    to += to_hex(attribute.der);
  } else {
    append_escaped(to, *attribute.value);
  }
}

// reversed puts the relative names into the order of RFC 4514 section 2.1: the last one first.
std::string reversed(const std::string& text, const std::vector<std::size_t>& starts) {
  std::string out;
  out.reserve(text.size() + starts.size());
  std::size_t end = text.size();
  for (auto start = starts.rbegin(); start != starts.rend(); ++start) {
    if (!out.empty()) out += ',';
    out.append(text, *start, end - *start);
    end = *start;
  }
  return out;
}

}  // namespace

std::optional<NameText> name_text(std::string_view der) {
  CBS input, name;
  CBS_init(&input, data_of(der), der.size());
  if (!CBS_get_asn1(&input, &name, CBS_ASN1_SEQUENCE) || CBS_len(&input) != 0) return std::nullopt;

  NameText out;
  std::size_t common_names = 0;
  std::string text;  // the relative names in the order of the DER
  std::vector<std::size_t> starts;
  while (CBS_len(&name) != 0) {
    CBS rdn;
    if (!CBS_get_asn1(&name, &rdn, CBS_ASN1_SET) || CBS_len(&rdn) == 0) return std::nullopt;
    starts.push_back(text.size());
    for (bool is_first = true; CBS_len(&rdn) != 0; is_first = false) {
      auto attribute = read_attribute(&rdn);
      if (!attribute) return std::nullopt;
      if (!is_first) text += '+';
      render(*attribute, text);
      if (attribute->oid != kCommonName) continue;
      ++common_names;
      out.common_name = std::move(attribute->value).value_or("");
    }
  }
  if (common_names != 1) out.common_name.clear();
  out.text = starts.size() > 1 ? reversed(text, starts) : std::move(text);
  return out;
}

}  // namespace sallyport::crypto
