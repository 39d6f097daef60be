#pragma once

// How slow a client may be, by the configuration.

#include "gateway/server/generation.h"
#include "gateway/server/patience.h"

namespace sallyport::server {

inline Patience::Rule body_rule(const Generation& generation) {
  return {generation.timeouts.request_body, generation.limits.min_body_rate};
}

inline Patience::Rule reader_rule(const Generation& generation) {
  return {generation.timeouts.response_write, generation.limits.min_response_rate};
}

}  // namespace sallyport::server
