#include <memory>

#include "gateway/admin/admin.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/config_option.h"
#include "gateway/cli/print.h"
#include "gateway/control/gateway.h"

namespace sallyport::cli {
namespace {

int serve(const std::string& path) {
  control::Gateway gateway(path);
  admin::Admin admin(gateway);
  if (!gateway.start([&admin] { return admin.open(); })) return kFailed;
  return gateway.run();
}

}  // namespace

void add_run(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand("run", "Serve, in the foreground; log to standard output");
  auto path = std::make_shared<std::string>();
  add_config(*verb, *path);
  verb->callback([path, &status] { status = serve(*path); });
}

}  // namespace sallyport::cli
