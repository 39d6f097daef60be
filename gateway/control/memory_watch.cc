#include "gateway/control/memory_watch.h"

#include <algorithm>
#include <utility>

namespace sallyport::control {

using server::Pressure;

Pressure MemoryWatch::level_of(std::uint64_t bytes) const {
  if (bytes >= ceiling_) return Pressure::hard;
  // The last tenth is what shedding idle connections must win back.
  return bytes >= ceiling_ - ceiling_ / 10 ? Pressure::soft : Pressure::none;
}

bool MemoryWatch::judge(std::uint64_t resident) {
  resident_ = resident;
  Pressure now = level_of(resident);
  // A fiftieth of room is demanded before the pressure is taken off.
  if (now < pressure_) now = std::min(pressure_, level_of(resident + ceiling_ / 50));
  return std::exchange(pressure_, now) != now;
}

std::string_view to_string(Pressure pressure) {
  switch (pressure) {
    case Pressure::none:
      return "none";
    case Pressure::soft:
      return "soft";
    case Pressure::hard:
      return "hard";
  }
  return "unknown";
}

}  // namespace sallyport::control
