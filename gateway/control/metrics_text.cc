// What /metrics says: the workers' banks, the services, and what control itself knows.

#include "gateway/control/gateway.h"

namespace sallyport::control {
namespace {

using metrics::append_header;
using metrics::append_sample;

void append_gauge(std::string& out, std::string_view name, std::string_view help, double value,
                  std::string_view labels = {}) {
  const std::string full = std::string(metrics::kMetricPrefix) + std::string(name);
  append_header(out, full, help, metrics::MetricType::gauge);
  append_sample(out, full, labels, value);
}

void append_services(std::string& out, const std::vector<policy::Metric>& metrics) {
  // A family's lines must stand together, whichever service they are from.
  std::map<std::string_view, std::vector<const policy::Metric*>> families;
  for (const policy::Metric& metric : metrics) families[metric.name].push_back(&metric);
  for (const auto& [name, samples] : families) {
    const std::string full = std::string(metrics::kMetricPrefix) + std::string(name);
    append_header(
        out, full, samples.front()->help,
        samples.front()->is_counter ? metrics::MetricType::counter : metrics::MetricType::gauge);
    for (const policy::Metric* metric : samples) {
      std::vector<metrics::Label> labels;
      if (!metric->label_name.empty()) labels.push_back({metric->label_name, metric->label_value});
      for (const auto& [label, value] : metric->more_labels) labels.push_back({label, value});
      append_sample(out, full, metrics::render_labels(labels), metric->value);
    }
  }
}

// append_workers shows whether the kernel spreads connections evenly.
template <class OpenOf>
void append_workers(std::string& out, std::size_t workers, OpenOf open_of) {
  const std::string name = std::string(metrics::kMetricPrefix) + "worker_connections_open";
  append_header(out, name, "Client connections that are open, by worker.",
                metrics::MetricType::gauge);
  for (std::size_t i = 0; i < workers; ++i) {
    const std::string number = std::to_string(i);
    const metrics::Label worker{"worker", number};
    append_sample(out, name, metrics::render_labels({&worker, 1}), static_cast<double>(open_of(i)));
  }
}

void append_memory(std::string& out, const MemoryWatch& memory) {
  const std::string name = std::string(metrics::kMetricPrefix) + "memory_bytes";
  append_header(out, name, "Memory of the process: resident, and the ceiling for it.",
                metrics::MetricType::gauge);
  append_sample(out, name, "kind=\"resident\"", static_cast<double>(memory.resident()));
  append_sample(out, name, "kind=\"ceiling\"", static_cast<double>(memory.ceiling()));
  append_gauge(out, "memory_pressure", "0: none; 1: idle connections end; 2: requests are refused.",
               static_cast<double>(memory.pressure()));
}

}  // namespace

std::string Gateway::metrics_text() const {
  std::vector<const metrics::Bank*> banks;
  for (const WorkerSeat& seat : seats_) banks.push_back(&seat.server->state().bank());
  std::string out = registry_.render(banks);
  std::vector<policy::Metric> metrics;
  for (const auto& service : services_.all()) service->metrics(metrics);
  append_services(out, metrics);
  append_workers(out, seats_.size(), [this](std::size_t i) {
    const server::WorkerState& state = seats_[i].server->state();
    return state.bank().get(state.slots().open);
  });
  append_memory(out, memory_);
  const std::string name = std::string(metrics::kMetricPrefix) + "log_lines_dropped_total";
  append_header(
      out, name,
      "Log lines that were not written: the reader was behind or gone, or the disk was full.",
      metrics::MetricType::counter);
  append_sample(out, name, {}, static_cast<double>(log_lines_lost()));
  append_trust_metrics(out);
  append_gauge(out, "config_last_reload_successful", "1 when the last reload was accepted.",
               last_reload_good_ ? 1 : 0);
  append_gauge(out, "config_last_reload_success_timestamp_seconds",
               "When the running configuration was accepted.",
               static_cast<double>(last_reload_at_));
  append_gauge(out, "config_generation", "Number of the running configuration.",
               static_cast<double>(generations_));
  append_gauge(out, "ready", "1 when the gateway is ready for traffic.", not_ready().empty());
  const metrics::Label version{"version", SALLYPORT_VERSION};
  append_gauge(out, "build_info", "Always 1.", 1, metrics::render_labels({&version, 1}));
  return out;
}

}  // namespace sallyport::control
