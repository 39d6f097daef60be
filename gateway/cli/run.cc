#include <memory>

#include "gateway/admin/admin.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/config_option.h"
#include "gateway/cli/print.h"
#include "gateway/control/gateway.h"

namespace sallyport::cli {
namespace {

int serve(const std::string& path, bool new_stores) {
  // Before anything else has descriptors.
  auto sockets = load::InheritedSockets::take_from_environment();
  control::Gateway gateway(path, new_stores, std::move(sockets));
  admin::Admin admin(gateway);
  if (!gateway.start([&admin] { return admin.open(); })) return kFailed;
  return gateway.run();
}

}  // namespace

void add_run(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand("run", "Serve, in the foreground; log to standard output");
  auto path = std::make_shared<std::string>();
  auto new_stores = std::make_shared<bool>(false);
  add_config(*verb, *path);
  verb->add_flag("--new-store", *new_stores,
                 "Make stores that are missing or empty, in production as well: for a first start");
  verb->callback([path, new_stores, &status] { status = serve(*path, *new_stores); });
}

}  // namespace sallyport::cli
