#pragma once

// How much memory the process uses and may use, as the kernel says.

#include <cstdint>

namespace sallyport::load {

// resident_memory returns the bytes of the process that are in memory; zero when the kernel does
// not say.
std::uint64_t resident_memory();
// available_memory returns what the machine has, or what the control group leaves of that.
std::uint64_t available_memory();

}  // namespace sallyport::load
