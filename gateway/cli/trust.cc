// trust: the operator's side of trust stores that are kept in a folder.

#include <algorithm>
#include <memory>

#include "gateway/base/clock.h"
#include "gateway/base/utc.h"
#include "gateway/cli/admin_client.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/order.h"
#include "gateway/cli/print.h"
#include "gateway/cli/table.h"
#include "gateway/cli/trust_folder.h"
#include "gateway/json/value.h"

namespace sallyport::cli {
namespace {

constexpr std::int64_t kHour = 3600;
// How long an entry must not have been used before it is retired without force.
constexpr std::int64_t kUnused = 24 * kHour;

struct Wish {
  std::string store;
  std::string id;
  std::string file;
  std::string note;
  std::string at;
  int hours = 72;
  int days = 30;
  bool force = false;
  bool as_json = false;
  std::string socket;
};

std::int64_t now() { return wall_now().unix_seconds(); }

// in_hours renders the time from now until `at`.
std::string in_hours(std::int64_t at) {
  const std::int64_t left = std::max<std::int64_t>(at - now(), 0);
  return std::to_string(left / kHour) + "h " + std::to_string(left % kHour / 60) + "m";
}

std::string countdown(const json::Value& entry) {
  const auto overlap = parse_utc(text_of(entry, "overlap_until"));
  const auto retires = parse_utc(text_of(entry, "retire_after"));
  if (retires && *retires > now()) return "retires in " + in_hours(*retires);
  if (overlap && *overlap > now()) return "overlap for " + in_hours(*overlap);
  return "";
}

int list(const Wish& wish) {
  const auto answer = give_order(wish.socket, "trust");
  if (!answer) return fail(answer.error().text);
  if (wish.as_json) {
    say_document(answer->text);
    return kOk;
  }
  Table table({"STORE", "ID", "KIND", "STATE", "SUBJECT", "EXPIRES", "CLIENTS", "HOUR/DAY",
               "LAST USE", "COUNTDOWN", "NOTE"});
  const json::Value all = answer->value.member("entries");
  for (std::size_t i = 0; i < all.size(); ++i) {
    const json::Value one = all.at(i);
    if (!wish.store.empty() && text_of(one, "store") != wish.store) continue;
    table.add({text_of(one, "store"), text_of(one, "id"), text_of(one, "kind"),
               text_of(one, "state"), text_of(one, "subject"), text_of(one, "not_after"),
               number_of(one, "clients"),
               number_of(one, "last_hour") + "/" + number_of(one, "last_day"),
               text_of(one, "last_use"), countdown(one), text_of(one, "note")});
  }
  table.print();
  return kOk;
}

Result<std::string> folder_of(const json::Value& answer, const std::string& store) {
  const json::Value stores = answer.member("stores");
  for (std::size_t i = 0; i < stores.size(); ++i) {
    if (text_of(stores.at(i), "store") != store) continue;
    std::string folder = text_of(stores.at(i), "directory");
    if (!folder.empty()) return folder;
    return Error{Fault::client,
                 "the trust store " + store +
                     " is not kept in a folder; give it a "
                     "`directory`, or edit the configuration and `sallyport reload`"};
  }
  return Error{Fault::client, "there is no trust store \"" + store + "\""};
}

int add(const Wish& wish) {
  const auto answer = give_order(wish.socket, "trust");
  if (!answer) return fail(answer.error().text);
  const auto folder = folder_of(answer->value, wish.store);
  if (!folder) return fail(folder.error().text);
  const auto pem = read_certificate_file(wish.file, crypto::PemUse::trust);
  if (!pem) return fail(pem.error().text);
  const std::int64_t until = now() + wish.hours * kHour;
  const auto added = add_to_folder(*folder, {wish.id, wish.note, *pem, until});
  if (!added) return fail(added.error().text);
  say("added {} to {}; the other entries stay beside it until {} ({})\n", wish.id, wish.store,
      utc_text(until), in_hours(until));
  return kOk;
}

// objection says why an entry should stay, or nothing.
std::string objection(const json::Value& entries, const json::Value& entry) {
  const auto last_use = parse_utc(text_of(entry, "last_use"));
  if (last_use && *last_use > now() - kUnused) {
    return "it was used at " + text_of(entry, "last_use") + " (" + number_of(entry, "last_day") +
           " handshakes in the last day); wait until it was not used for 24h: " +
           in_hours(*last_use + kUnused);
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const json::Value other = entries.at(i);
    const auto overlap = parse_utc(text_of(other, "overlap_until"));
    const bool concerns = text_of(other, "store") == text_of(entry, "store") &&
                          text_of(other, "id") != text_of(entry, "id");
    if (concerns && overlap && *overlap > now()) {
      return "the overlap with " + text_of(other, "id") + " lasts another " + in_hours(*overlap);
    }
  }
  return "";
}

int retire(const Wish& wish) {
  const auto answer = give_order(wish.socket, "trust");
  if (!answer) return fail(answer.error().text);
  const auto folder = folder_of(answer->value, wish.store);
  if (!folder) return fail(folder.error().text);
  const auto at = wish.at.empty() ? Result<std::int64_t>(now()) : parse_moment(wish.at);
  if (!at) return fail(at.error().text);
  const json::Value entries = answer->value.member("entries");
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const json::Value entry = entries.at(i);
    if (text_of(entry, "store") != wish.store || text_of(entry, "id") != wish.id) continue;
    const std::string why = objection(entries, entry);
    if (!why.empty() && !wish.force) {
      return fail(wish.id + " is not retired: " + why + " (--force retires it all the same)");
    }
    if (const auto done = retire_in_folder(*folder, wish.id, *at); !done) {
      return fail(done.error().text);
    }
    say("{} retires at {}\n", wish.id, utc_text(*at));
    return kOk;
  }
  return fail("the trust store " + wish.store + " has no entry \"" + wish.id + "\"");
}

Result<std::string> rehearsal_of(const Wish& wish) {
  json::Draft order = json::Draft::object();
  order.text("store", wish.store).text("remove", wish.id).set("days", wish.days);
  if (!wish.file.empty()) {
    const auto pem = read_certificate_file(wish.file, crypto::PemUse::trust);
    if (!pem) return pem.error();
    order.text("add", *pem);
  }
  if (!wish.at.empty()) {
    const auto at = parse_moment(wish.at);
    if (!at) return at.error();
    order.set("at", *at);
  }
  return order.dump();
}

int rehearse(const Wish& wish) {
  const auto order = rehearsal_of(wish);
  if (!order) return fail(order.error().text);
  const auto answer = give_order(wish.socket, "rehearse", *order);
  if (!answer) return fail(answer.error().text);
  const json::Value breaks = answer->value.member("breaks");
  const int status = breaks.size() == 0 ? kOk : kFailed;
  if (wish.as_json) {
    say_document(answer->text);
    return status;
  }
  say("{} of {} certificates that were seen in {} days would be refused at {}\n",
      number_of(answer->value, "broken"), number_of(answer->value, "tried"), wish.days,
      text_of(answer->value, "at"));
  if (breaks.size() == 0) return status;
  Table table({"IDENTITY", "SUBJECT", "SERIAL", "ENTRY", "LAST SEEN", "WHY"});
  for (std::size_t i = 0; i < breaks.size(); ++i) {
    const json::Value one = breaks.at(i);
    table.add({text_of(one, "identity"), text_of(one, "subject"), text_of(one, "serial"),
               text_of(one, "entry"), text_of(one, "last_seen"),
               text_of(one, "reason") + ": " + text_of(one, "why")});
  }
  table.print();
  return status;
}

std::shared_ptr<Wish> add_verb(CLI::App& trust, const char* name, const char* help, int& status,
                               int (*run)(const Wish&), CLI::App*& verb) {
  auto wish = std::make_shared<Wish>();
  verb = trust.add_subcommand(name, help);
  add_admin(*verb, wish->socket);
  verb->callback([wish, run, &status] { status = run(*wish); });
  return wish;
}

}  // namespace

void add_trust(CLI::App& app, int& status) {
  CLI::App* trust = app.add_subcommand("trust", "Look at trust stores, rehearse and make changes");
  trust->require_subcommand(1);
  CLI::App* verb = nullptr;

  auto wish = add_verb(*trust, "list", "List the entries with their use", status, list, verb);
  verb->add_option("store", wish->store, "Only this trust store");
  verb->add_flag("--json", wish->as_json, "Print JSON");

  wish = add_verb(*trust, "add", "Add an entry beside the others", status, add, verb);
  verb->add_option("file", wish->file, "PEM: a bundle of CAs, or one certificate to pin")
      ->required();
  verb->add_option("--store", wish->store, "The trust store")->required();
  verb->add_option("--id", wish->id, "The entry's name")->required()->check(is_entry_id);
  verb->add_option("--note", wish->note, "Kept with the entry");
  verb->add_option("--overlap", wish->hours, "Hours for which the others stay")
      ->check(CLI::Range(0, 24 * 365))
      ->capture_default_str();

  wish = add_verb(*trust, "retire", "End an entry, unless it is still used", status, retire, verb);
  verb->add_option("id", wish->id, "The entry's name")->required()->check(is_entry_id);
  verb->add_option("--store", wish->store, "The trust store")->required();
  verb->add_option("--at", wish->at, "When (UTC); without: now");
  verb->add_flag("--force", wish->force, "Also when it was used in the last 24 hours");

  wish = add_verb(*trust, "rehearse", "Say who would be refused; exit 1 when anybody would", status,
                  rehearse, verb);
  verb->add_option("--store", wish->store, "The trust store")->required();
  verb->add_option("--remove", wish->id, "As if this entry were gone");
  verb->add_option("--add", wish->file, "As if these CAs, or this certificate, were there");
  verb->add_option("--at", wish->at, "As if it were this time (UTC)");
  verb->add_option("--days", wish->days, "Certificates that were seen in so many days")
      ->check(CLI::Range(1, 400))
      ->capture_default_str();
  verb->add_flag("--json", wish->as_json, "Print JSON");
}

}  // namespace sallyport::cli
