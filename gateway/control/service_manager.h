#pragma once

// The service manager's notification socket (sd_notify's protocol: one datagram of VARIABLE=value
// lines). Spoken here rather than through libsystemd, which would bring a second crypto library and
// three compressors into the process.

#include <string_view>

namespace sallyport::control {

// notify_service_manager sends `message`; without a service manager it does nothing.
void notify_service_manager(std::string_view message);

}  // namespace sallyport::control
