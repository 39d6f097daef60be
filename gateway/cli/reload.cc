#include <memory>

#include "gateway/cli/admin_client.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/print.h"
#include "gateway/json/json.h"

namespace sallyport::cli {
namespace {

int reload(const std::string& socket) {
  const auto answer = ask(socket, "POST", "/reload");
  if (!answer) return fail(answer.error().text);
  const auto report = json::parse(answer->body, {.max_bytes = answer->body.size() + 1});
  if (!report) return fail("the gateway's answer is no JSON: " + report.error().text);
  const json::Value findings = report->member("findings");
  for (std::size_t i = 0; i < findings.size(); ++i) {
    const auto text = findings.at(i).string().value_or("");
    warn("{}\n", text);
  }
  const bool accepted = report->member("accepted").boolean().value_or(false);
  const auto generation = report->member("generation").integer().value_or(0);
  if (accepted) {
    say("reloaded: generation {}\n", generation);
  } else {
    say("refused: generation {} goes on\n", generation);
  }
  return accepted ? kOk : kFailed;
}

}  // namespace

void add_reload(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand(
      "reload", "Make the running gateway read its configuration again, and say how that went");
  auto socket = std::make_shared<std::string>();
  add_admin(*verb, *socket);
  verb->callback([socket, &status] { status = reload(*socket); });
}

}  // namespace sallyport::cli
