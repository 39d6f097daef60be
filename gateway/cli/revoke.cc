// revoke, reinstate and revoked: the operator's side of the revocation policy.

#include <pwd.h>
#include <unistd.h>

#include <memory>
#include <optional>

#include "gateway/base/text.h"
#include "gateway/base/utc.h"
#include "gateway/cli/admin_client.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/order.h"
#include "gateway/cli/print.h"
#include "gateway/cli/table.h"
#include "gateway/cli/token_input.h"
#include "gateway/json/value.h"

namespace sallyport::cli {
namespace {

constexpr const char* kToken = "token";

struct Wish {
  std::string unit;
  std::string value;
  std::string issuer;
  std::string reason;
  std::string cutoff;
  std::string expires;
  std::string socket;
};

struct ListWish {
  std::string unit;
  std::string value;
  std::string issuer;
  std::string socket;
  bool as_json = false;
};

std::string caller() {
  const passwd* user = getpwuid(getuid());
  return user != nullptr ? user->pw_name : std::to_string(getuid());
}

// moment_of reads Unix seconds or RFC 3339.
Result<std::int64_t> moment_of(const std::string& text) {
  if (const auto seconds = parse_decimal<std::int64_t>(text)) return *seconds;
  return parse_moment(text);
}

// name_value says what is to be revoked: a token comes by standard input and gets its name.
Result<void> name_value(Wish& wish) {
  if (wish.unit != kToken) {
    if (!wish.value.empty()) return {};
    return Error{Fault::client, "say which " + wish.unit + ": its value is missing"};
  }
  if (!wish.value.empty()) {
    return Error{Fault::client,
                 "a token comes by standard input, so that nobody reads it off the "
                 "command line: sallyport revoke token <FILE"};
  }
  const auto token = read_token();
  if (!token) {
    return Error{Fault::client, "standard input has no token, or one of more than 32 KiB"};
  }
  auto name = name_token(*token);
  if (!name) return name.error();
  wish.unit = "jti";
  wish.value = name->value;
  if (wish.issuer.empty()) wish.issuer = name->issuer;
  return {};
}

Result<std::string> order_of(const Wish& wish) {
  json::Draft order = json::Draft::object();
  order.text("unit", wish.unit).text("value", wish.value).text("issuer", wish.issuer);
  for (const auto& [name, text] : {std::pair{"cutoff", &wish.cutoff}, {"expires", &wish.expires}}) {
    if (text->empty()) continue;
    const auto moment = moment_of(*text);
    if (!moment) return moment.error();
    order.set(name, *moment);
  }
  return order.text("reason", wish.reason).text("who", caller()).dump();
}

// tell_notes: an order that was obeyed may still refuse nothing, and the gateway says why.
void tell_notes(const json::Value& answer) {
  const json::Value notes = answer.member("notes");
  for (std::size_t i = 0; i < notes.size(); ++i) {
    warn("note: {}\n", notes.at(i).string().value_or(""));
  }
}

// tell_of_unknown_key: a key id is easily mistyped, and nothing comes of it.
void tell_of_unknown_key(const Wish& wish) {
  const auto answer = give_order(wish.socket, "keys");
  if (!answer) return;  // no issuers at all: the notes said so
  const json::Value keys = answer->value.member("keys");
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (text_of(keys.at(i), "kid") == wish.value) return;
  }
  warn(
      "note: no issuer has published a key of that id: `sallyport keys` lists those that are "
      "known\n");
}

int change(Wish wish, std::string_view verb) {
  if (auto named = name_value(wish); !named) return fail(named.error().text);
  const auto order = order_of(wish);
  if (!order) return fail(order.error().text);
  const auto answer = give_order(wish.socket, verb, *order);
  if (!answer) return fail(answer.error().text);
  say_document(answer->text);
  tell_notes(answer->value);
  if (wish.unit == "kid" && verb == "revoke") tell_of_unknown_key(wish);
  return kOk;
}

std::string moment_text(const json::Value& record, std::string_view name, const char* absent) {
  const auto seconds = record.member(name).integer();
  return seconds ? utc_text(*seconds) : absent;
}

void add_rows(Table& table, const json::Value& page) {
  const json::Value records = page.member("records");
  for (std::size_t i = 0; i < records.size(); ++i) {
    const json::Value record = records.at(i);
    const std::string issuer = text_of(record, "issuer");
    table.add({text_of(record, "unit"), text_of(record, "value"), issuer.empty() ? "any" : issuer,
               moment_text(record, "cutoff", "always"), moment_text(record, "expires", "never"),
               moment_text(record, "made", ""), text_of(record, "who"), text_of(record, "reason")});
  }
}

int list(const ListWish& wish) {
  Table table{"UNIT", "VALUE", "ISSUER", "ISSUED UNTIL", "FORGOTTEN", "MADE", "WHO", "WHY"};
  std::string after;
  do {
    const json::Draft order = json::Draft::object()
                                  .text("unit", wish.unit)
                                  .text("value", wish.value)
                                  .text("issuer", wish.issuer)
                                  .text("after", after);
    const auto page = give_order(wish.socket, "revoked", order.dump());
    if (!page) return fail(page.error().text);
    if (wish.as_json) {
      say_document(page->text);
    } else {
      add_rows(table, page->value);
    }
    after = std::string(page->value.member("next").string().value_or(""));
  } while (!after.empty());
  if (!wish.as_json) table.print();
  return kOk;
}

std::shared_ptr<Wish> add_unit(CLI::App& verb) {
  auto wish = std::make_shared<Wish>();
  verb.add_option(
          "unit", wish->unit,
          "What the value is of: a token's jti, a user (sub), a client (client_id), a consent, "
          "a signing key (kid), a client certificate (SHA-256 of the leaf), or `token`, which "
          "is read from standard input")
      ->required()
      ->check(CLI::IsMember({kToken, "jti", "subject", "client", "consent", "kid", "cert"}));
  verb.add_option(
      "value,--value", wish->value,
      "The jti, sub, client_id, …; none for `token`. --value=X where X begins with a dash");
  verb.add_option("--issuer", wish->issuer,
                  "Only of this issuer; without: of every issuer, of a JWT its own");
  verb.add_option("--reason", wish->reason, "Why; kept with the entry and logged");
  add_admin(verb, wish->socket);
  return wish;
}

}  // namespace

void add_revoke(CLI::App& app, int& status) {
  CLI::App* revoke = app.add_subcommand(
      "revoke",
      "Revoke tokens or a certificate; returns when it is durable and holds on every worker");
  auto revoked = add_unit(*revoke);
  revoke->add_option("--cutoff", revoked->cutoff,
                     "Tokens issued until then are revoked, as Unix seconds or RFC 3339; default "
                     "for a subject or client: "
                     "now and the leeway of the issuers concerned, else whenever issued");
  revoke->add_option("--expires", revoked->expires,
                     "When the entry may be forgotten, written alike");
  revoke->callback([revoked, &status] { status = change(*revoked, "revoke"); });

  CLI::App* reinstate = app.add_subcommand(
      "reinstate", "Take a revocation back: the same unit, value and issuer that were revoked");
  auto reinstated = add_unit(*reinstate);
  reinstate->callback([reinstated, &status] { status = change(*reinstated, "reinstate"); });

  CLI::App* listing = app.add_subcommand("revoked", "List the revocations");
  auto wish = std::make_shared<ListWish>();
  listing->add_option("unit", wish->unit, "Only of this unit")
      ->check(CLI::IsMember({"jti", "subject", "client", "consent", "kid", "cert"}));
  listing->add_option("value,--value", wish->value, "Only this value");
  listing->add_option("--issuer", wish->issuer, "Only of this issuer");
  listing->add_flag("--json", wish->as_json, "Print the gateway's answers, a page a line");
  add_admin(*listing, wish->socket);
  listing->callback([wish, &status] { status = list(*wish); });
}

}  // namespace sallyport::cli
