#include "gateway/metrics/metrics.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

namespace sallyport::metrics {
namespace {

std::string_view to_string(MetricType type) {
  switch (type) {
    case MetricType::counter:
      return "counter";
    case MetricType::gauge:
      return "gauge";
    case MetricType::histogram:
      return "histogram";
  }
  return "untyped";
}

void append_escaped(std::string& to, std::string_view value) {
  for (const char c : value) {
    if (c == '\\' || c == '"') to += '\\';
    if (c == '\n') {
      to += "\\n";
    } else {
      to += c;
    }
  }
}

class Sum {
 public:
  explicit Sum(std::span<const Bank* const> banks) : banks_(banks) {}
  std::uint64_t operator()(Slot slot) const {
    std::uint64_t sum = 0;
    for (const Bank* bank : banks_) sum += bank->get(slot);
    return sum;
  }

 private:
  std::span<const Bank* const> banks_;
};

void append_histogram(std::string& to, const std::string& name, const std::string& labels,
                      Slot first, const Sum& sum) {
  const std::string separator = labels.empty() ? "" : ",";
  std::uint64_t count = 0;
  for (std::size_t i = 0; i <= Histogram::kBounds.size(); ++i) {
    count += sum(first + static_cast<Slot>(i));
    const std::string bound =
        i < Histogram::kBounds.size() ? fmt::format("{}", Histogram::kBounds[i]) : "+Inf";
    append_sample(to, name + "_bucket", fmt::format("{}{}le=\"{}\"", labels, separator, bound),
                  static_cast<double>(count));
  }
  const Slot sum_slot = first + static_cast<Slot>(Histogram::kSlots - 1);
  append_sample(to, name + "_sum", labels, static_cast<double>(sum(sum_slot)) / 1e6);
  append_sample(to, name + "_count", labels, static_cast<double>(count));
}

}  // namespace

void Histogram::observe(Bank& bank, std::int64_t microseconds) const {
  if (first == 0) return;
  const double seconds = static_cast<double>(microseconds) / 1e6;
  const auto bucket = std::lower_bound(kBounds.begin(), kBounds.end(), seconds) - kBounds.begin();
  bank.add(first + static_cast<Slot>(bucket));
  bank.add(first + static_cast<Slot>(kSlots - 1),
           static_cast<std::uint64_t>(std::max<std::int64_t>(microseconds, 0)));
}

Registry::Registry() = default;

Slot Registry::counter(std::string_view name, std::string_view help,
                       std::span<const Label> labels) {
  return add(MetricType::counter, name, help, labels, 1);
}

void Registry::declare_counter(std::string_view name, std::string_view help) {
  const std::lock_guard lock(mutex_);
  Family& family = families_[std::string(kMetricPrefix) + std::string(name)];
  family.help = help;
  family.type = MetricType::counter;
}

Slot Registry::gauge(std::string_view name, std::string_view help, std::span<const Label> labels) {
  return add(MetricType::gauge, name, help, labels, 1);
}

Histogram Registry::histogram(std::string_view name, std::string_view help,
                              std::span<const Label> labels) {
  return {add(MetricType::histogram, name, help, labels, Histogram::kSlots)};
}

Slot Registry::add(MetricType type, std::string_view name, std::string_view help,
                   std::span<const Label> labels, std::size_t slots) {
  const std::lock_guard lock(mutex_);
  Family& family = families_[std::string(kMetricPrefix) + std::string(name)];
  family.help = help;
  family.type = type;
  const auto [series, is_new] = family.series.try_emplace(render_labels(labels), Slot{0});
  if (is_new && next_ + slots <= Bank::kSlots) {
    series->second = next_;
    next_ += static_cast<Slot>(slots);
  }
  return series->second;
}

std::string Registry::render(std::span<const Bank* const> banks) const {
  const std::lock_guard lock(mutex_);
  const Sum sum(banks);
  std::string out;
  for (const auto& [name, family] : families_) {
    append_header(out, name, family.help, family.type);
    for (const auto& [labels, slot] : family.series) {
      if (family.type == MetricType::histogram) {
        append_histogram(out, name, labels, slot, sum);
        continue;
      }
      const std::uint64_t value = sum(slot);
      if (family.type == MetricType::counter && value == 0 && !labels.empty()) continue;
      append_sample(out, name, labels, static_cast<double>(value));
    }
  }
  return out;
}

void append_header(std::string& to, std::string_view name, std::string_view help, MetricType type) {
  fmt::format_to(std::back_inserter(to), "# HELP {} {}\n# TYPE {} {}\n", name, help, name,
                 to_string(type));
}

void append_sample(std::string& to, std::string_view name, std::string_view labels, double value) {
  to.append(name);
  if (!labels.empty()) to.append("{").append(labels).append("}");
  fmt::format_to(std::back_inserter(to), " {:.15g}\n", value);
}

std::string render_labels(std::span<const Label> labels) {
  std::string out;
  for (const Label& label : labels) {
    if (!out.empty()) out += ',';
    out.append(label.name).append("=\"");
    append_escaped(out, label.value);
    out += '"';
  }
  return out;
}

}  // namespace sallyport::metrics
