#include <memory>

#include "gateway/cli/admin_client.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/order.h"
#include "gateway/cli/print.h"
#include "gateway/cli/table.h"

namespace sallyport::cli {
namespace {

std::string name_of(const json::Value& certificate) {
  const std::string common_name = text_of(certificate, "common_name");
  if (!common_name.empty()) return common_name;
  const std::string subject = text_of(certificate, "subject");
  return subject.empty() ? text_of(certificate, "issuer") : subject;
}

// used says where a certificate was shown, how often in the last hour and day, and when last.
std::string used(const json::Value& certificate) {
  const json::Value use = certificate.member("use");
  if (!use.exists()) return "";
  return number_of(use, "last_hour") + "/" + number_of(use, "last_day") + ", last " +
         text_of(use, "last_seen");
}

int print(const OrderAnswer& answer) {
  Table table({"KIND", "NAME", "CN", "ISSUER", "SERIAL", "SHA-256", "DAYS LEFT", "USE (HOUR/DAY)"});
  const json::Value all = answer.value.member("certificates");
  for (std::size_t i = 0; i < all.size(); ++i) {
    const json::Value one = all.at(i);
    table.add({text_of(one, "kind"), text_of(one, "name"), name_of(one), text_of(one, "issuer"),
               text_of(one, "serial"), text_of(one, "sha256").substr(0, 16),
               number_of(one, "days_left"), used(one)});
  }
  table.print();
  const json::Value stale = answer.value.member("stale");
  for (std::size_t i = 0; i < stale.size(); ++i) {
    const std::string text(stale.at(i).string().value_or(""));
    warn("not in use as it is on disk: {}\n", text);
  }
  return kOk;
}

int certs(const std::string& socket, bool as_json) {
  const auto answer = give_order(socket, "certs");
  if (!answer) return fail(answer.error().text);
  if (!as_json) return print(*answer);
  say_document(answer->text);
  return kOk;
}

}  // namespace

void add_certs(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand(
      "certs",
      "List every certificate and revocation list with its expiry and use, the client "
      "certificates that were shown included");
  auto socket = std::make_shared<std::string>();
  auto as_json = std::make_shared<bool>(false);
  verb->add_flag("--json", *as_json, "Print JSON");
  add_admin(*verb, *socket);
  verb->callback([=, &status] { status = certs(*socket, *as_json); });
}

}  // namespace sallyport::cli
