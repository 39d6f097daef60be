#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "gateway/cli/cli.h"
#include "gateway/cli/config_option.h"
#include "gateway/control/load.h"
#include "gateway/control/name_check.h"
#include "gateway/control/service_check.h"

namespace sallyport::cli {
namespace {

int check(const std::string& path, bool strict) {
  control::Services services;
  observe::Registry registry;
  config::Findings findings;
  const auto loaded = control::load(path, services, registry, findings);
  std::vector<std::string> unknown;
  if (loaded) {
    control::warn_of_unresolved(*loaded, findings);
    unknown = control::examine_services(*loaded, findings);
  }
  for (const config::Finding& finding : findings.all()) {
    std::fprintf(stderr, "%s\n", finding.text().c_str());
  }
  for (const std::string& text : unknown) std::fprintf(stderr, "note: %s\n", text.c_str());
  if (!loaded || findings.has_errors()) {
    std::fprintf(stderr, "%s: %zu errors\n", path.c_str(), findings.error_count());
    return kFailed;
  }
  std::printf("%s: good: %zu listeners, %zu routes, %zu upstreams\n", path.c_str(),
              loaded->generation->listeners.size(), loaded->generation->routes.size(),
              loaded->generation->upstreams.size());
  return strict && !findings.all().empty() ? kUsage : kOk;
}

}  // namespace

void add_check(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand(
      "check", "Load a configuration and every file that it names, exactly as `run` would");
  auto path = std::make_shared<std::string>();
  auto strict = std::make_shared<bool>(false);
  add_config(*verb, *path);
  verb->add_flag("--strict", *strict, "Exit with 2 when there are warnings");
  verb->callback([path, strict, &status] { status = check(*path, *strict); });
}

}  // namespace sallyport::cli
