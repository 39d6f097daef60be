#pragma once

// The URL of a request as a DPoP proof names it (htu), compared as RFC 9449 section 4.3 says: both
// sides without query and fragment, and in the normal form of RFC 3986 sections 6.2.2 and 6.2.3.

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::bearer {

// normal_url writes scheme and host in lower case, without the scheme's own port; decodes what is
// escaped and need not be; writes other escapes in capitals; takes the dot segments out of the
// path, and "/" for an empty one. Nothing for what is no absolute URL with an authority, names a
// user, or has an escape that is none: what two readers could read differently is equal to nothing.
std::optional<std::string> normal_url(std::string_view url);

// is_same_url compares htu with the external URL of a request, given as origin and path.
bool is_same_url(std::string_view htu, std::string_view origin, std::string_view path);

}  // namespace sallyport::bearer
