#pragma once

namespace sallyport::crypto {

// boringssl_api_version is BORINGSSL_API_VERSION of the library that we are built with.
int boringssl_api_version();

}  // namespace sallyport::crypto
