#pragma once

// Name constraints (RFC 5280 section 4.2.1.10) for the one name that the library does not hold to
// them when it decides who a client is: a common name that has the form of a DNS name. Internal to
// the room.

#include <string_view>

#include "gateway/tls/path_search.h"

namespace sallyport::tls {

// forbids_dns_name says whether an issuer of the path forbids `name` as a DNS name.
bool forbids_dns_name(const PathCandidate& path, std::string_view name);

// has_dns_form: labels of letters, digits, hyphens and underscores, at least two. Wider than what
// may be registered, so that no name that a pattern matches escapes.
bool has_dns_form(std::string_view name);

}  // namespace sallyport::tls
