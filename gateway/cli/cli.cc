#include "gateway/cli/cli.h"

namespace sallyport::cli {

int run_command_line(int argc, char** argv) {
  CLI::App app("Sallyport: a security gateway for open-banking APIs", "sallyport");
  app.require_subcommand(1);
  int status = kOk;
  add_run(app, status);
  add_check(app, status);
  add_reload(app, status);
  add_status(app, status);
  add_why(app, status);
  add_revoke(app, status);
  add_keys(app, status);
  add_certs(app, status);
  add_trust(app, status);
  add_explain(app, status);
  add_store(app, status);
  add_schema(app, status);
  add_version(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  return status;
}

}  // namespace sallyport::cli
