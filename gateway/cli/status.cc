#include <memory>

#include "gateway/cli/admin_client.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/print.h"

namespace sallyport::cli {

void add_status(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand("status", "Say whether the gateway is ready, as JSON");
  auto socket = std::make_shared<std::string>();
  add_admin(*verb, *socket);
  verb->callback([socket, &status] {
    const auto answer = ask(*socket, "GET", "/readyz");
    if (!answer) {
      status = fail(answer.error().text);
      return;
    }
    say_document(answer->body);
    status = answer->status == 200 ? kOk : kFailed;
  });
}

}  // namespace sallyport::cli
