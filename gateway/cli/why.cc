#include <memory>

#include "gateway/cli/admin_client.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/print.h"
#include "gateway/cli/table.h"
#include "gateway/json/json.h"

namespace sallyport::cli {
namespace {

void print_field(const char* label, const std::string& text) {
  if (!text.empty()) say("{:<15} {}\n", label, text);
}

// print_check prints a check in the words of `explain --token`.
void print_check(const json::Value& check) {
  const std::string result = text_of(check, "result");
  const std::string name = text_of(check, "check");
  if (result == "pass") {
    say("    pass  {}\n", name);
  } else if (result == "fail") {
    say("    FAIL  {:<14} {}\n", name, text_of(check, "detail"));
  } else {
    say("    -     {:<14} not reached\n", name);
  }
}

void print_step(const json::Value& step) {
  say("  {:<12} {:<10} {:6} us", text_of(step, "policy"), text_of(step, "outcome"),
      step.member("us").integer().value_or(0));
  const std::string reason = text_of(step, "reason");
  const std::string evidence = text_of(step, "evidence");
  if (!reason.empty()) say("  {}", reason);
  if (!evidence.empty()) say("  {}", evidence);
  say("\n");
  const json::Value checks = step.member("checks");
  for (std::size_t i = 0; i < checks.size(); ++i) print_check(checks.at(i));
}

// print_others says that clients used one interaction id for several requests.
void print_others(const json::Value& decision) {
  const auto requests = decision.member("requests").integer().value_or(1);
  if (requests < 2) return;
  say("{} remembered requests have this id; this is the newest. Request ids of others:\n",
      requests);
  const json::Value others = decision.member("others");
  for (std::size_t i = 0; i < others.size(); ++i) {
    say("  {}\n", others.at(i).string().value_or(""));
  }
  if (requests - 1 > static_cast<std::int64_t>(others.size())) say("  and older ones\n");
}

void print_decision(const json::Value& decision) {
  const auto status = decision.member("status").integer().value_or(0);
  say("{} {}{} -> {}\n", text_of(decision, "method"), text_of(decision, "host"),
      text_of(decision, "path"), status);
  print_field("time", text_of(decision, "ts"));
  print_field("request id", text_of(decision, "request_id"));
  print_field("interaction id", text_of(decision, "interaction_id"));
  print_field("client", text_of(decision, "client_ip"));
  print_field("route", text_of(decision, "route"));
  const json::Value steps = decision.member("steps");
  if (steps.size() > 0) say("policies\n");
  for (std::size_t i = 0; i < steps.size(); ++i) print_step(steps.at(i));
  const std::string reason = text_of(decision, "reason");
  if (reason.empty()) return print_field("forwarded to", text_of(decision, "upstream"));
  say("refused by {}: {}\n", text_of(decision, "stage"), reason);
  print_field("evidence", text_of(decision, "evidence"));
  print_field("meaning", text_of(decision, "help"));
}

int why(const std::string& socket, const std::string& id, bool as_json) {
  const auto answer = ask(socket, "GET", "/why?id=" + id);
  if (!answer) return fail(answer.error().text);
  const auto decision = json::parse(answer->body);
  if (!decision) return fail("the gateway's answer is no JSON: " + decision.error().text);
  if (answer->status != 200) return fail(text_of(*decision, "error"));
  if (as_json) {
    say_document(answer->body);
  } else {
    print_decision(*decision);
    print_others(*decision);
  }
  return kOk;
}

}  // namespace

void add_why(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand(
      "why",
      "Explain the decision on a recent request, stage by stage, by its request id or "
      "x-fapi-interaction-id");
  auto socket = std::make_shared<std::string>();
  auto id = std::make_shared<std::string>();
  auto as_json = std::make_shared<bool>(false);
  verb->add_option("id", *id, "The request id")->required()->check([](const std::string& text) {
    const bool good = text.find_first_not_of("0123456789abcdefABCDEF-") == std::string::npos;
    return good ? std::string() : std::string("an id is a UUID");
  });
  verb->add_flag("--json", *as_json, "Print JSON");
  add_admin(*verb, *socket);
  verb->callback([=, &status] { status = why(*socket, *id, *as_json); });
}

}  // namespace sallyport::cli
