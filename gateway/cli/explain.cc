#include <memory>
#include <string>

#include "gateway/cli/admin_client.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/explain_certificate.h"
#include "gateway/cli/explain_token.h"

namespace sallyport::cli {
namespace {

// Question is about a certificate or about a token; both kinds share what follows `token`.
struct Question {
  CertificateQuestion certificate;
  std::string token;  // always "-"
};

std::string check_token(const std::string& text) {
  if (text == "-") return {};
  return "is always -: a token on a command line is there for everybody to see";
}

std::string check_route(const std::string& id) {
  const bool is_plain = id.find_first_of(" &?#%\r\n") == std::string::npos;
  return is_plain ? std::string() : std::string("is no id of a route");
}

int explain(const Question& question) {
  const CertificateQuestion& shared = question.certificate;
  if (question.token.empty()) return explain_certificate(shared);
  return explain_token({shared.route, shared.config, shared.socket, shared.as_json});
}

}  // namespace

void add_explain(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand(
      "explain",
      "Say what the policy would do with a client certificate or a token, check by "
      "check; exit with 1 when it would refuse");
  auto question = std::make_shared<Question>();
  CertificateQuestion& about = question->certificate;
  auto* certificate = verb->add_option("--cert", about.certificate, "PEM file of a certificate");
  auto* token = verb->add_option("--token", question->token,
                                 "Always -: the token is read from standard input")
                    ->check(check_token);
  token->excludes(certificate);
  verb->add_option("--chain", about.chain, "PEM file of the certificate's issuers")
      ->needs(certificate);
  verb->add_option("--store", about.store, "Only this trust store")->needs(certificate);
  verb->add_option("--at", about.at, "Judge the certificate at this time (UTC)")
      ->needs(certificate);
  auto* route = verb->add_option("--route", about.route,
                                 "The route's id; for a certificate, also what its policies say")
                    ->check(check_route);
  token->needs(route);
  verb->add_option("-c,--config", about.config,
                   "By this file instead of the running gateway; its stores must not be in use");
  verb->add_flag("--json", about.as_json, "Print JSON");
  add_admin(*verb, about.socket);
  verb->require_option(1, 0);
  verb->callback([question, certificate, token, &status] {
    if (certificate->count() + token->count() == 0) {
      throw CLI::RequiredError("--cert or --token");
    }
    status = explain(*question);
  });
}

}  // namespace sallyport::cli
