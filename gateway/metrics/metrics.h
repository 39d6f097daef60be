#pragma once

// Metrics: a registry on control names numbered slots once, each worker counts into its own bank
// without sharing a cache line, and a scrape adds the banks up. Labels come from configuration
// only, so the number of slots is bounded by it.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::metrics {

// Slot numbers a counter; zero is the slot of what could not be registered.
using Slot = std::uint32_t;

// Bank is one worker's counters. The worker writes, anybody may read.
class Bank {
 public:
  static constexpr std::size_t kSlots = 1 << 16;
  Bank() : values_(std::make_unique<std::atomic<std::uint64_t>[]>(kSlots)) {}

  void add(Slot slot, std::uint64_t amount = 1) {
    auto& value = values_[slot];
    // One writer: no read-modify-write instruction is needed.
    value.store(value.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  void subtract(Slot slot, std::uint64_t amount = 1) { add(slot, ~amount + 1); }
  std::uint64_t get(Slot slot) const { return values_[slot].load(std::memory_order_relaxed); }

 private:
  std::unique_ptr<std::atomic<std::uint64_t>[]> values_;
};

enum class MetricType : std::uint8_t { counter, gauge, histogram };

struct Label {
  std::string_view name;
  std::string_view value;
};

// Histogram is a row of slots: one a bucket (seconds, cumulative at the scrape), then the sum in
// microseconds.
struct Histogram {
  Slot first = 0;

  static constexpr std::array<double, 14> kBounds{
      0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10};
  static constexpr std::size_t kSlots = kBounds.size() + 2;
  void observe(Bank& bank, std::int64_t microseconds) const;
};

class Registry {
 public:
  Registry();

  // counter, gauge and histogram return the slot of (name, labels), the same one every time.
  // `name` without the product's prefix. Any thread; never on a request's way.
  Slot counter(std::string_view name, std::string_view help, std::span<const Label> labels = {});
  // declare_counter shows a family whose series are registered when they are first seen.
  void declare_counter(std::string_view name, std::string_view help);
  Slot gauge(std::string_view name, std::string_view help, std::span<const Label> labels = {});
  Histogram histogram(std::string_view name, std::string_view help,
                      std::span<const Label> labels = {});

  // render writes the Prometheus text format, version 0.0.4. Counters with labels that never
  // counted are left out: most routes never give most reasons.
  std::string render(std::span<const Bank* const> banks) const;

 private:
  struct Family {
    std::string help;
    MetricType type = MetricType::counter;
    std::map<std::string, Slot> series;  // by rendered labels
  };
  Slot add(MetricType type, std::string_view name, std::string_view help,
           std::span<const Label> labels, std::size_t slots);

  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, Family, std::less<>> families_;
  Slot next_ = 1;
};

// append_sample writes one "name{labels} value" line; for numbers that live elsewhere.
void append_sample(std::string& to, std::string_view name, std::string_view labels, double value);
// append_header writes the HELP and TYPE lines of a family.
void append_header(std::string& to, std::string_view name, std::string_view help, MetricType type);
// render_labels renders a="b",c="d" with the values escaped.
std::string render_labels(std::span<const Label> labels);

inline constexpr std::string_view kMetricPrefix = "sallyport_";

}  // namespace sallyport::metrics
