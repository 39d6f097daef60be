// revoke, reinstate and revoked: the operator's side of the revocation policy.

#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "gateway/cli/admin_client.h"
#include "gateway/cli/cli.h"
#include "gateway/json/json.h"
#include "gateway/observe/json_line.h"

namespace sallyport::cli {
namespace {

struct Wish {
  std::string unit;
  std::string value;
  std::string issuer;
  std::string reason;
  std::int64_t cutoff = 0;
  std::int64_t expires = 0;
  std::string socket;
};

std::string caller() {
  const passwd* user = getpwuid(getuid());
  return user != nullptr ? user->pw_name : std::to_string(getuid());
}

std::string order_of(const Wish& wish) {
  std::string order;
  observe::JsonLine line(order);
  line.text("unit", wish.unit).text("value", wish.value).text("issuer", wish.issuer);
  if (wish.cutoff != 0) line.number("cutoff", wish.cutoff);
  if (wish.expires != 0) line.number("expires", wish.expires);
  line.text("reason", wish.reason).text("who", caller()).close();
  return order;
}

int give_order(const Wish& wish, std::string_view verb) {
  const auto answer =
      ask(wish.socket, "POST", "/command/" + std::string(verb), order_of(wish));
  if (!answer) return fail(answer.error().text);
  if (answer->status == 200) {
    std::fputs(answer->body.c_str(), stdout);
    return kOk;
  }
  const auto error = json::parse(answer->body);
  return fail(error ? std::string(error->member("error").string().value_or("refused"))
                    : "the gateway's answer is no JSON");
}

std::shared_ptr<Wish> add_unit(CLI::App& verb) {
  auto wish = std::make_shared<Wish>();
  verb.add_option("unit", wish->unit, "What the value is of")
      ->required()
      ->check(CLI::IsMember({"jti", "subject", "client", "consent", "kid"}));
  verb.add_option("value", wish->value, "The token's jti, the user's sub, …")->required();
  verb.add_option("--issuer", wish->issuer, "Only of this issuer; without: of every issuer");
  verb.add_option("--reason", wish->reason, "Why; kept with the entry and logged");
  add_admin(verb, wish->socket);
  return wish;
}

int list(const std::string& socket) {
  std::string after;
  do {
    std::string order;
    observe::JsonLine(order).text("after", after).close();
    const auto answer = ask(socket, "POST", "/command/revoked", order);
    if (!answer) return fail(answer.error().text);
    const auto page = json::parse(answer->body, {.max_bytes = answer->body.size() + 1});
    if (!page || answer->status != 200) return fail("the gateway cannot list: " + answer->body);
    std::fputs(answer->body.c_str(), stdout);
    after = std::string(page->member("next").string().value_or(""));
  } while (!after.empty());
  return kOk;
}

}  // namespace

void add_revoke(CLI::App& app, int& status) {
  CLI::App* revoke = app.add_subcommand(
      "revoke", "Revoke tokens; returns when it is durable and holds on every worker");
  auto revoked = add_unit(*revoke);
  revoke->add_option("--cutoff", revoked->cutoff,
                     "Unix time: tokens issued until then are revoked; default now");
  revoke->add_option("--expires", revoked->expires, "Unix time when the entry may be forgotten");
  revoke->callback([revoked, &status] { status = give_order(*revoked, "revoke"); });

  CLI::App* reinstate = app.add_subcommand("reinstate", "Take a revocation back");
  auto reinstated = add_unit(*reinstate);
  reinstate->callback([reinstated, &status] { status = give_order(*reinstated, "reinstate"); });

  CLI::App* listing = app.add_subcommand("revoked", "List the revocations, as JSON pages");
  auto socket = std::make_shared<std::string>();
  add_admin(*listing, *socket);
  listing->callback([socket, &status] { status = list(*socket); });
}

}  // namespace sallyport::cli
