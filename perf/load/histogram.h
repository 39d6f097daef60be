#pragma once

// Histogram counts microseconds with a relative error below one percent, in constant memory: 128
// steps for every power of two, as HdrHistogram does.

#include <array>
#include <bit>
#include <cstdint>

namespace sallyport::perf {

class Histogram {
 public:
  void add(std::int64_t microseconds) {
    ++counts_[index_of(microseconds < 0 ? 0 : static_cast<std::uint64_t>(microseconds))];
    ++total_;
  }
  std::uint64_t total() const { return total_; }

  // percentile returns the value that `percent` of all are not above; zero when there are none.
  std::uint64_t percentile(double percent) const {
    const auto wanted = static_cast<std::uint64_t>(static_cast<double>(total_) * percent / 100.0);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen > 0 && seen >= wanted) return value_of(i);
    }
    return 0;
  }

 private:
  static constexpr int kStepBits = 7;
  static constexpr std::size_t kSteps = std::size_t{1} << kStepBits;
  static constexpr std::size_t kSize = kSteps * 34;  // up to more than an hour

  static std::size_t index_of(std::uint64_t value) {
    if (value < kSteps) return static_cast<std::size_t>(value);
    const int shift = static_cast<int>(std::bit_width(value)) - 1 - kStepBits;
    const auto step = static_cast<std::size_t>(value >> shift);
    const std::size_t index = static_cast<std::size_t>(shift) * kSteps + step;
    return index < kSize ? index : kSize - 1;
  }
  static std::uint64_t value_of(std::size_t index) {
    if (index < 2 * kSteps) return index;
    const std::size_t shift = index / kSteps - 1;
    return static_cast<std::uint64_t>(index % kSteps + kSteps) << shift;
  }

  std::array<std::uint64_t, kSize> counts_{};
  std::uint64_t total_ = 0;
};

}  // namespace sallyport::perf
