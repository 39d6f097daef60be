#include "gateway/cli/explain_token.h"

#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/cli/admin_client.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/print.h"
#include "gateway/cli/token_input.h"
#include "gateway/desk/explain_token.h"
#include "gateway/json/json.h"
#include "gateway/load/load.h"

namespace sallyport::cli {
namespace {

constexpr Milliseconds kPatience = Seconds(10);  // for keys and answers, with -c

// AtOnce is a broadcast without workers: there is only this thread.
class AtOnce final : public event::Broadcast {
 public:
  void to_all(std::function<void(unsigned)> work, std::function<void()> done) override {
    work(0);
    done();
  }
};

bool run_until(event::Loop& loop, const std::function<bool()>& is_done) {
  const MonoTime end = mono_now() + kPatience;
  while (!is_done() && mono_now() < end) {
    loop.run_once();
    std::this_thread::sleep_for(Milliseconds(5));
  }
  return is_done();
}

std::string why_not_ready(const load::Loaded& loaded) {
  for (const auto& service : loaded.services) {
    if (auto why = service->not_ready()) return *why;
  }
  return {};
}

Result<std::string> explain_by_file(const TokenQuestion& question, const std::string& token) {
  event::Loop loop;
  AtOnce broadcast;
  load::Services services;
  metrics::Registry registry;
  config::Findings findings;
  const auto loaded = load::load(question.config, services, registry, findings);
  if (!loaded) {
    for (const config::Finding& finding : findings.all()) {
      warn("{}\n", finding.text());
    }
    return Error{Fault::gateway, question.config + " cannot be loaded"};
  }
  const policy::Route* route = nullptr;
  for (const auto& each : loaded->generation->routes) {
    if (each->id == question.route) route = each.get();
  }
  if (route == nullptr)
    return Error{Fault::gateway, "there is no route \"" + question.route + "\""};
  services.start_new(loop, broadcast);
  if (!run_until(loop, [&] { return why_not_ready(*loaded).empty(); })) {
    return Error{Fault::gateway, why_not_ready(*loaded)};
  }
  policy::AttachContext context(0, loop);
  policy::AttachedChain chain = policy::attach(route->chain, context);
  std::optional<std::string> told;
  desk::explain_token(loop, chain, *route, 0, token, nullptr,
                      [&](desk::TokenExplanation done) { told = std::move(done.json); });
  if (!run_until(loop, [&] { return told.has_value(); })) {
    return Error{Fault::dependency, "a policy waited for too long"};
  }
  return *std::move(told);
}

Result<std::string> explain_by_gateway(const TokenQuestion& question, const std::string& token) {
  auto answer = ask(question.socket, "POST", "/explain-token?route=" + question.route, token);
  if (!answer) return answer.error();
  if (answer->status == 200) return std::move(answer->body);
  const auto error = json::parse(answer->body);
  return Error{Fault::gateway,
               error ? std::string(error->member("error").string().value_or("refused"))
                     : "the gateway's answer is no JSON"};
}

std::string text_of(const json::Value& value, std::string_view name) {
  return std::string(value.member(name).string().value_or(""));
}

void print(const json::Value& told) {
  const json::Value checks = told.member("checks");
  for (std::size_t i = 0; i < checks.size(); ++i) {
    const json::Value check = checks.at(i);
    const auto passed = check.member("passed").boolean();
    say("{:<4}  {:<12} {:<14} {}\n",
        !passed   ? "open"
        : *passed ? "pass"
                  : "FAIL",
        text_of(check, "policy"), text_of(check, "check"), text_of(check, "detail"));
  }
  const json::Value refusals = told.member("refusals");
  for (std::size_t i = 0; i < refusals.size(); ++i) {
    const json::Value refusal = refusals.at(i);
    say("{}  {}  {}\n      {}\n",
        refusal.member("enforced").boolean().value_or(true) ? "FAIL" : "note",
        text_of(refusal, "reason"), text_of(refusal, "evidence"), text_of(refusal, "help"));
  }
  const auto allowed = told.member("allowed").boolean();
  if (!allowed) {
    return say(
        "cannot tell: route {} would accept this token only with what the open checks ask for\n",
        text_of(told, "route"));
  }
  say("route {} would {} this token\n", text_of(told, "route"), *allowed ? "accept" : "refuse");
}

}  // namespace

int explain_token(const TokenQuestion& question) {
  const auto token = read_token();
  if (!token) return fail("standard input has no token, or one of more than 32 KiB");
  const auto answer = question.config.empty() ? explain_by_gateway(question, *token)
                                              : explain_by_file(question, *token);
  if (!answer) return fail(answer.error().text);
  const auto told = json::parse(*answer, {.max_bytes = 1024 * 1024});
  if (!told) return fail("the explanation is no JSON");
  if (question.as_json) {
    say_document(*answer + "\n");
  } else {
    print(*told);
  }
  return told->member("allowed").boolean().value_or(false) ? kOk : kFailed;
}

}  // namespace sallyport::cli
