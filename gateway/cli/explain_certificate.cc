#include "gateway/cli/explain_certificate.h"

#include "gateway/cli/admin_client.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/config_option.h"
#include "gateway/cli/order.h"
#include "gateway/cli/print.h"
#include "gateway/cli/table.h"
#include "gateway/desk/trust_commands.h"
#include "gateway/json/value.h"

namespace sallyport::cli {
namespace {

Result<std::string> order_of(const CertificateQuestion& question) {
  auto pem = read_certificate_file(question.certificate, crypto::PemUse::show);
  if (!pem) return pem.error();
  if (!question.chain.empty()) {
    const auto chain = read_certificate_file(question.chain, crypto::PemUse::show);
    if (!chain) return chain.error();
    *pem += *chain;
  }
  json::Draft order = json::Draft::object();
  order.text("pem", *pem).text("store", question.store).text("route", question.route);
  if (!question.at.empty()) {
    const auto at = parse_moment(question.at);
    if (!at) return at.error();
    order.set("at", *at);
  }
  return order.dump();
}

// ask_file answers from a configuration file, without a gateway.
Result<OrderAnswer> ask_file(const std::string& path, const std::string& order) {
  load::Services services;
  metrics::Registry registry;
  config::Findings findings;
  const auto loaded = load::load(path, services, registry, findings);
  if (!loaded) {
    for (const auto& finding : findings.all()) {
      warn("{}\n", finding.text());
    }
    return Error{Fault::client, path + " cannot be loaded"};
  }
  auto text = desk::explain(*loaded, order, wall_now());
  if (!text) return text.error();
  auto value = json::parse(*text, {.max_bytes = text->size() + 1});
  if (!value) return value.error();
  return OrderAnswer{*text + "\n", std::move(*value)};
}

void print_checks(const json::Value& checks) {
  for (std::size_t i = 0; i < checks.size(); ++i) {
    const json::Value one = checks.at(i);
    say("  {:<13} {:<11} {}{}{}\n", text_of(one, "check"), text_of(one, "result"),
        text_of(one, "reason"), text_of(one, "why").empty() ? "" : ": ", text_of(one, "why"));
  }
}

void print(const json::Value& answer) {
  say("subject  {}\nissuer   {}\nserial   {}\nvalid    {} to {}\njudged at {}\n",
      text_of(answer, "subject"), text_of(answer, "issuer"), text_of(answer, "serial"),
      text_of(answer, "not_before"), text_of(answer, "not_after"), text_of(answer, "at"));
  for (const char* part : {"stores", "routes"}) {
    const json::Value all = answer.member(part);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const json::Value one = all.at(i);
      const bool accepted = one.member("accepted").boolean().value_or(false);
      const std::string what = text_of(one, "store").empty() ? "route " + text_of(one, "route")
                                                             : "store " + text_of(one, "store");
      say("{}: {}", what, accepted ? "accepted" : "refused");
      if (!text_of(one, "entry").empty()) {
        say(" by entry {} as {}", text_of(one, "entry"), text_of(one, "identity"));
      }
      say("\n");
      print_checks(one.member("checks"));
    }
  }
}

}  // namespace

int explain_certificate(const CertificateQuestion& question) {
  const auto order = order_of(question);
  if (!order) return fail(order.error().text);
  const auto answer = question.config.empty() ? give_order(question.socket, "explain", *order)
                                              : ask_file(question.config, *order);
  if (!answer) return fail(answer.error().text);
  if (question.as_json) {
    say_document(answer->text);
  } else {
    print(answer->value);
  }
  return answer->value.member("accepted").boolean().value_or(false) ? kOk : kFailed;
}

}  // namespace sallyport::cli
