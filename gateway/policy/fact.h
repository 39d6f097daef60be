#pragma once

#include <cstdint>
#include <string_view>

namespace sallyport::policy {

// Fact names what a module may need from those before it; the order of every chain is checked
// against it at load.
enum class Fact : std::uint8_t { identity, token, revocations };
std::string_view to_string(Fact fact);

}  // namespace sallyport::policy
