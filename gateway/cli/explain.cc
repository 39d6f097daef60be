#include <memory>
#include <string>

#include "gateway/cli/admin_client.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/explain_token.h"

namespace sallyport::cli {

void add_explain(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand(
      "explain", "Say what the policy would do, check by check; exit with 1 when it would refuse");
  auto token = std::make_shared<std::string>();
  auto question = std::make_shared<TokenQuestion>();
  verb->add_option("--token", *token, "Always -: the token is read from standard input")
      ->required()
      ->check([](const std::string& text) {
        return text == "-" ? std::string()
                           : std::string(
                                 "is always -: a token on a command line "
                                 "is there for everybody to see");
      });
  verb->add_option("--route", question->route, "The route's id")
      ->required()
      ->check([](const std::string& id) {
        const bool is_plain = id.find_first_of(" &?#%\r\n") == std::string::npos;
        return is_plain ? std::string() : std::string("is no id of a route");
      });
  verb->add_option("-c,--config", question->config,
                   "By this file instead of the running gateway; its stores must not be in use");
  verb->add_flag("--json", question->as_json, "Print JSON");
  add_admin(*verb, question->socket);
  verb->callback([token, question, &status] { status = explain_token(*question); });
}

}  // namespace sallyport::cli
