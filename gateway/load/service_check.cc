#include "gateway/load/service_check.h"

#include <memory>
#include <set>

namespace sallyport::load {

std::vector<std::string> examine_services(const Loaded& loaded, config::Findings& findings) {
  event::Loop loop;
  std::vector<std::string> unknown;
  std::vector<std::shared_ptr<void>> looks;
  std::size_t left = 0;
  const auto done = [&](const std::string& error, const std::string& not_known) {
    if (!error.empty()) findings.add({config::Severity::error, {}, "", error});
    if (!not_known.empty()) unknown.push_back(not_known);
    if (--left == 0) loop.stop();
  };
  std::set<const policy::Service*> seen;  // several chains may share one
  for (const auto& service : loaded.services) {
    if (!seen.insert(service.get()).second) continue;
    auto look = service->examine(loop, done);
    if (look == nullptr) continue;
    looks.push_back(std::move(look));
    ++left;
  }
  if (left > 0) loop.run();
  looks.clear();
  return unknown;
}

}  // namespace sallyport::load
