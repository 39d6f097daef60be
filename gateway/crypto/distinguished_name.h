#pragma once

// Distinguished names as text (RFC 4514), for logs and for identity rules in configuration.

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::crypto {

struct NameText {
  std::string text;         // "CN=payments,O=Example", most specific first
  std::string common_name;  // empty when there is none or more than one
};

// name_text reads a DER Name (the SEQUENCE with its header); nullopt when it is malformed.
// Attributes that have no well-known short name appear as dotted OID and hexadecimal DER.
std::optional<NameText> name_text(std::string_view der);

// same_name compares two DER Names as path validation does (RFC 5280 section 7.1): without regard
// to case, spaces at the ends and the kind of string. Malformed ones equal none.
bool same_name(std::string_view a, std::string_view b);

// printable_text turns bytes of an ASN.1 string type (its universal tag number) into UTF-8.
// Control characters, NUL included, and what is not valid in that type become U+FFFD. nullopt for
// a tag that is no string type.
std::optional<std::string> printable_text(unsigned tag_number, std::string_view bytes);

}  // namespace sallyport::crypto
