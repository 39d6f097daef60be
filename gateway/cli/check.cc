#include <memory>
#include <string>
#include <vector>

#include "gateway/cli/cli.h"
#include "gateway/cli/config_option.h"
#include "gateway/cli/print.h"
#include "gateway/load/load.h"
#include "gateway/load/name_check.h"
#include "gateway/load/service_check.h"
#include "gateway/load/start_check.h"

namespace sallyport::cli {
namespace {

int check(const std::string& path, bool strict, bool ports) {
  load::Services services;
  metrics::Registry registry;
  config::Findings findings;
  const auto loaded = load::load(path, services, registry, findings);
  std::vector<std::string> unknown;
  if (loaded) {
    load::warn_of_unresolved(*loaded, findings);
    unknown = load::examine_services(*loaded, findings);
    for (std::string& note : load::examine_start(*loaded, ports, findings)) {
      unknown.push_back(std::move(note));
    }
  }
  for (const config::Finding& finding : findings.all()) {
    warn("{}\n", finding.text());
  }
  for (const std::string& text : unknown) warn("note: {}\n", text);
  if (!loaded || findings.has_errors()) {
    warn("{}: {} errors\n", path, findings.error_count());
    return kFailed;
  }
  say("{}: good: {} listeners, {} routes, {} upstreams\n", path,
      loaded->generation->listeners.size(), loaded->generation->routes.size(),
      loaded->generation->upstreams.size());
  return strict && findings.has_warnings() ? kWarnings : kOk;
}

}  // namespace

void add_check(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand("check",
                                      "Load a configuration and every file that it names, and look "
                                      "at sockets, ports and stores, as `run` would");
  auto path = std::make_shared<std::string>();
  auto strict = std::make_shared<bool>(false);
  auto no_ports = std::make_shared<bool>(false);
  add_config(*verb, *path);
  verb->add_flag("--strict", *strict, "Exit with 3 when there are warnings and no errors");
  verb->add_flag("--no-ports", *no_ports,
                 "Do not look whether the ports of listeners are free: for a unit whose sockets "
                 "systemd holds");
  verb->callback([path, strict, no_ports, &status] { status = check(*path, *strict, !*no_ports); });
}

}  // namespace sallyport::cli
