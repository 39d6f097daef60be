#pragma once

// MemoryWatch keeps the process below limits.memory: it measures the resident memory and tells the
// workers how near that is.

#include <cstdint>
#include <string_view>

#include "gateway/server/process_load.h"

namespace sallyport::control {

class MemoryWatch {
 public:
  void set_ceiling(std::uint64_t bytes) { ceiling_ = bytes; }
  std::uint64_t ceiling() const { return ceiling_; }
  std::uint64_t resident() const { return resident_; }
  server::Pressure pressure() const { return pressure_; }

  // judge takes a measurement and returns whether the pressure has changed. It goes up at once, and
  // down only when there is some room again.
  bool judge(std::uint64_t resident);

 private:
  server::Pressure level_of(std::uint64_t bytes) const;

  std::uint64_t ceiling_ = 0;
  std::uint64_t resident_ = 0;
  server::Pressure pressure_ = server::Pressure::none;
};

std::string_view to_string(server::Pressure pressure);

}  // namespace sallyport::control
