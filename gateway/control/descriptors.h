#pragma once

// File descriptors: every client connection is one, and every request may need another towards its
// upstream.

#include <cstddef>

namespace sallyport::control {

// raise_descriptor_limit raises RLIMIT_NOFILE as far as the process may, and returns what it is.
std::size_t raise_descriptor_limit();

// connections_for returns how many client connections fit into `descriptors`, with enough left for
// upstreams and for the process itself.
std::size_t connections_for(std::size_t descriptors);

}  // namespace sallyport::control
