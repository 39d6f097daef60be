#pragma once

// Trail is the record of an inspection: which policy said what, in order. Fixed size, no
// allocation; `why`, the access log and the decision ring read the same trail.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/policy/checks.h"
#include "gateway/policy/reason.h"

namespace sallyport::policy {

struct Module;

enum class Outcome : std::uint8_t {
  allowed,
  denied,
  would_deny,  // the entry is in observe mode
  tolerated,   // a dependency was missing and on_unavailable is allow
};
std::string_view to_string(Outcome outcome);

struct Step {
  const Module* module = nullptr;  // static
  Outcome outcome = Outcome::allowed;
  const Reason* reason = nullptr;
  std::string_view evidence = {};  // in the exchange's arena
  std::uint32_t microseconds = 0;
  CheckMarks marks = {};
};

class Trail {
 public:
  static constexpr std::size_t kMaxSteps = 16;

  void add(const Step& step) {
    if (count_ < kMaxSteps) steps_[count_++] = step;
  }
  std::span<const Step> steps() const { return {steps_.data(), count_}; }

 private:
  std::array<Step, kMaxSteps> steps_;
  std::size_t count_ = 0;
};

}  // namespace sallyport::policy
