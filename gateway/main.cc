// Wiring only: which modules exist is known here and in modules/modules.cc, nowhere else.

#include "gateway/base/core_dumps.h"
#include "gateway/cli/cli.h"
#include "gateway/load/schema.h"
#include "modules/modules.h"

int main(int argc, char** argv) {
  sallyport::forbid_core_dumps();  // `check` reads keys, too; `run` may allow them again
  sallyport::load::set_modules(sallyport::all_modules());
  return sallyport::cli::run_command_line(argc, argv);
}
