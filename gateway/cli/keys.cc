// keys, keys deny, keys allow, keys refresh: the operator's side of the issuers' keys.

#include <pwd.h>
#include <unistd.h>

#include <ctime>
#include <memory>
#include <string>

#include "gateway/cli/admin_client.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/print.h"
#include "gateway/json/json.h"
#include "gateway/json/value.h"

namespace sallyport::cli {
namespace {

constexpr std::size_t kMaxAnswer = 16 * 1024 * 1024;

struct Wish {
  std::string id;
  std::string issuer;
  std::string reason;
  std::string socket;
  bool as_json = false;
};

std::string caller() {
  const passwd* user = getpwuid(getuid());
  return user != nullptr ? user->pw_name : std::to_string(getuid());
}

std::string text_of(const json::Value& value, std::string_view name) {
  return std::string(value.member(name).string().value_or(""));
}

std::string day_of(const json::Value& value, std::string_view name) {
  const std::time_t seconds = value.member(name).integer().value_or(0);
  if (seconds == 0) return "never";
  std::tm broken{};
  gmtime_r(&seconds, &broken);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%MZ", &broken)};
}

// order sends one and returns the answer's document, or nothing after having said why.
std::optional<json::Value> order(const Wish& wish, std::string_view verb, std::string_view body) {
  const auto answer = ask(wish.socket, "POST", "/command/" + std::string(verb), body);
  if (!answer) {
    fail(answer.error().text);
    return std::nullopt;
  }
  const auto document = json::parse(answer->body, {.max_bytes = kMaxAnswer});
  if (!document) {
    fail("the gateway's answer is no JSON");
    return std::nullopt;
  }
  if (answer->status != 200) {
    const std::string error = text_of(*document, "error");
    fail(error.empty() ? answer->body : error);
    return std::nullopt;
  }
  if (wish.as_json) say_document(answer->body);
  return *document;
}

void print_key(const json::Value& key) {
  std::string notes = text_of(key, "why");
  const json::Value alarms = key.member("alarms");
  for (std::size_t i = 0; i < alarms.size(); ++i) {
    notes += (notes.empty() ? "" : ", ") + std::string(alarms.at(i).string().value_or(""));
  }
  if (const std::string from = text_of(key, "known_from"); !from.empty()) {
    notes += (notes.empty() ? "" : ", ") + ("private key known from " + from);
  }
  const std::string since = key.member("was_there").boolean().value_or(false) ? "<=" : "";
  say("{:<12} {:<24} {:<10} {:<20} {:<18} {}\n", text_of(key, "issuer"), text_of(key, "kid"),
      text_of(key, "state"), since + day_of(key, "first_public"), day_of(key, "last_use"), notes);
}

int list(const Wish& wish) {
  const auto document = order(wish, "keys", "{}");
  if (!document) return kFailed;
  if (wish.as_json) return kOk;
  say("{:<12} {:<24} {:<10} {:<20} {:<18} {}\n", "ISSUER", "KID", "STATE", "PUBLIC SINCE",
      "LAST USED", "ALARMS");
  const json::Value keys = document->member("keys");
  for (std::size_t i = 0; i < keys.size(); ++i) print_key(keys.at(i));
  return kOk;
}

int change(const Wish& wish, std::string_view verb, std::string_view done) {
  const json::Draft body = json::Draft::object()
                               .text("kid", wish.id)
                               .text("issuer", wish.issuer)
                               .text("reason", wish.reason)
                               .text("who", caller());
  const auto document = order(wish, verb, body.dump());
  if (!document) return kFailed;
  say("key {} is {} on every worker\n", wish.id, done);
  if (!document->member("was_published").boolean().value_or(false)) {
    say("note: no issuer publishes a key of that id right now\n");
  }
  if (verb == "keys-allow" && !document->member("was_denied").boolean().value_or(true)) {
    say("note: no key of that id was denied, so nothing has changed\n");
  }
  if (!document->member("durable").boolean().value_or(false)) {
    say("note: it is forgotten at the next start: set modules.bearer.key_ledger\n");
  }
  return kOk;
}

int refresh(const Wish& wish) {
  const auto document = order(wish, "keys-refresh", "{}");
  if (!document) return kFailed;
  const json::Value issuers = document->member("refreshed");
  for (std::size_t i = 0; i < issuers.size(); ++i) {
    say("{}: read\n", text_of(issuers.at(i), "issuer"));
  }
  return kOk;
}

CLI::App* add_change(CLI::App& keys, const char* verb, const char* help,
                     const std::shared_ptr<Wish>& wish) {
  CLI::App* change = keys.add_subcommand(verb, help);
  change->add_option("kid", wish->id, "The key's id")->required();
  change->add_option("--issuer", wish->issuer,
                     "Only of this issuer, by its name in the configuration; without: of all");
  change->add_option("--reason", wish->reason, "Why; logged");
  add_admin(*change, wish->socket);
  return change;
}

}  // namespace

void add_keys(CLI::App& app, int& status) {
  CLI::App* keys = app.add_subcommand("keys", "List the issuers' keys: since when, used when");
  keys->require_subcommand(0, 1);
  auto wish = std::make_shared<Wish>();
  add_admin(*keys, wish->socket);
  keys->add_flag("--json", wish->as_json, "Print JSON");
  keys->callback([keys, wish, &status] {
    if (keys->get_subcommands().empty()) status = list(*wish);
  });

  CLI::App* deny = add_change(
      *keys, "deny", "Emergency stop: no token that this key signed is accepted from now on", wish);
  deny->callback([wish, &status] { status = change(*wish, "keys-deny", "denied"); });
  CLI::App* allow = add_change(*keys, "allow", "Take a denial back", wish);
  allow->callback([wish, &status] { status = change(*wish, "keys-allow", "allowed"); });
  CLI::App* now = keys->add_subcommand("refresh", "Read every issuer's key set now");
  add_admin(*now, wish->socket);
  now->callback([wish, &status] { status = refresh(*wish); });
}

}  // namespace sallyport::cli
