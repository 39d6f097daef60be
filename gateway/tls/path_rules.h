#pragma once

// The rules of RFC 5280 section 6.1 for one path whose signatures hold, by the library: it is told
// which path to look at instead of building one. Internal to the room.

#include <optional>
#include <string_view>

#include "gateway/tls/path_search.h"

namespace sallyport::tls {

// Every step of the paths here has a view.

// broken_rule says what is wrong with the path: dates, purposes, constraints, names, weak keys.
std::optional<CertificateRefusal> broken_rule(const PathCandidate& path,
                                              const PresentedChain& chain,
                                              const Expectation& expected, WallTime now);

// bad_link is the refusal of a path in which `subject` was not signed by the next certificate.
CertificateRefusal bad_link(const PathStep& subject, const PresentedChain& chain);

}  // namespace sallyport::tls
