#include "gateway/cli/explain_certificate.h"

#include <cstdio>

#include "gateway/cli/admin_client.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/config_option.h"
#include "gateway/cli/order.h"
#include "gateway/cli/table.h"
#include "gateway/control/trust_commands.h"
#include "gateway/observe/json_line.h"

namespace sallyport::cli {
namespace {

Result<std::string> order_of(const CertificateQuestion& question) {
  auto pem = read_whole(question.certificate);
  if (!pem) return pem.error();
  if (!question.chain.empty()) {
    const auto chain = read_whole(question.chain);
    if (!chain) return chain.error();
    *pem += "\n" + *chain;
  }
  std::string order;
  observe::JsonLine line(order);
  line.text("pem", *pem).text("store", question.store).text("route", question.route);
  if (!question.at.empty()) {
    const auto at = parse_moment(question.at);
    if (!at) return at.error();
    line.number("at", *at);
  }
  line.close();
  return order;
}

// ask_file answers from a configuration file, without a gateway.
Result<OrderAnswer> ask_file(const std::string& path, const std::string& order) {
  control::Services services;
  observe::Registry registry;
  config::Findings findings;
  const auto loaded = control::load(path, services, registry, findings);
  if (!loaded) {
    for (const auto& finding : findings.all()) {
      std::fprintf(stderr, "%s\n", finding.text().c_str());
    }
    return Error{Fault::client, path + " cannot be loaded"};
  }
  auto text = control::explain(*loaded, order, wall_now());
  if (!text) return text.error();
  auto value = json::parse(*text, {.max_bytes = text->size() + 1});
  if (!value) return value.error();
  return OrderAnswer{*text + "\n", std::move(*value)};
}

void print_checks(const json::Value& checks) {
  for (std::size_t i = 0; i < checks.size(); ++i) {
    const json::Value one = checks.at(i);
    std::printf("  %-13s %-11s %s%s%s\n", text_of(one, "check").c_str(),
                text_of(one, "result").c_str(), text_of(one, "reason").c_str(),
                text_of(one, "why").empty() ? "" : ": ", text_of(one, "why").c_str());
  }
}

void print(const json::Value& answer) {
  std::printf("subject  %s\nissuer   %s\nserial   %s\nvalid    %s to %s\njudged at %s\n",
              text_of(answer, "subject").c_str(), text_of(answer, "issuer").c_str(),
              text_of(answer, "serial").c_str(), text_of(answer, "not_before").c_str(),
              text_of(answer, "not_after").c_str(), text_of(answer, "at").c_str());
  for (const char* part : {"stores", "routes"}) {
    const json::Value all = answer.member(part);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const json::Value one = all.at(i);
      const bool accepted = one.member("accepted").boolean().value_or(false);
      const std::string what = text_of(one, "store").empty() ? "route " + text_of(one, "route")
                                                             : "store " + text_of(one, "store");
      std::printf("%s: %s", what.c_str(), accepted ? "accepted" : "refused");
      if (!text_of(one, "entry").empty()) {
        std::printf(" by entry %s as %s", text_of(one, "entry").c_str(),
                    text_of(one, "identity").c_str());
      }
      std::printf("\n");
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
    std::fputs(answer->text.c_str(), stdout);
  } else {
    print(answer->value);
  }
  return answer->value.member("accepted").boolean().value_or(false) ? kOk : kFailed;
}

}  // namespace sallyport::cli
