#pragma once

// The fields that servers believe when a gateway says them: who calls, from where, by which
// certificate, which host, path or method was meant. Nobody outside may say any of them, so they
// are removed from every request, on every route. docs/believed-fields.md lists them for operators.

#include <span>
#include <string_view>

namespace sallyport::http {

// TrustFamily is one name, or all names that begin with it, folded (http/folded_name.h).
struct TrustFamily {
  std::string_view name;
  bool is_prefix = false;
  std::string_view believer;  // who believes it, or sets it for those who do
};

// trust_families are all of them, in the order of their names.
std::span<const TrustFamily> trust_families();

// find_trust_family returns the family of a name of any spelling, or null. It is asked for every
// field of every request: an ordinary name costs three look-ups.
const TrustFamily* find_trust_family(std::string_view name);

}  // namespace sallyport::http
