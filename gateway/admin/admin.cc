#include "gateway/admin/admin.h"

#include <memory>
#include <optional>
#include <utility>

#include "gateway/admin/host_check.h"
#include "gateway/json/value.h"

namespace sallyport::admin {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kPrometheus = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kCommand = "/command/";

std::string error_json(std::string_view message) { return json::error_text(message) + "\n"; }

std::string report_json(const control::ReloadReport& report) {
  json::Draft findings = json::Draft::array();
  for (const config::Finding& finding : report.findings) findings.add(finding.text());
  return json::Draft::object()
             .set("accepted", report.accepted)
             .set("generation", report.generation)
             .set("findings", std::move(findings))
             .dump() +
         "\n";
}

}  // namespace

Result<void> Admin::open() {
  const load::Loaded& loaded = gateway_.loaded();
  if (!loaded.admin_socket.empty()) {
    socket_ = std::make_unique<event::HttpServer>(
        gateway_.loop(), [this](event::OperatorRequest r) { answer_operator(std::move(r)); });
    if (auto opened = socket_->listen_unix(loaded.admin_socket); !opened) return opened;
  }
  if (loaded.admin_listen) {
    listener_ = std::make_unique<event::HttpServer>(
        gateway_.loop(), [this](event::OperatorRequest r) { answer_port(std::move(r)); });
    const auto& address = *loaded.admin_listen;
    address_ = address.host;
    if (auto opened = listener_->listen_tcp(address.host, address.port); !opened) return opened;
  }
  return {};
}

void Admin::answer_port(event::OperatorRequest request) {
  const load::Loaded& loaded = gateway_.loaded();
  if (is_meant(request, address_, loaded.admin_hosts)) return answer_anybody(std::move(request));
  request.reply(421, kJson,
                error_json("this port answers to its own address and to localhost; a name by which "
                           "it is asked as well stands in admin.hosts"));
}

void Admin::answer_anybody(event::OperatorRequest request) {
  if (request.method != "GET" && request.method != "HEAD") {
    return request.reply(405, kJson, error_json("this port only reads; use the socket"));
  }
  if (request.path == "/healthz") return request.reply(200, kText, "ok\n");
  if (request.path == "/readyz") return answer_ready(request);
  if (request.path == "/metrics") {
    return request.reply(200, kPrometheus, gateway_.metrics_text());
  }
  request.reply(404, kJson, error_json("there is /healthz, /readyz and /metrics"));
}

void Admin::answer_operator(event::OperatorRequest request) {
  if (request.method == "GET" && request.path == "/why") return answer_why(std::move(request));
  if (request.method != "POST") return answer_anybody(std::move(request));
  if (request.path == "/reload") return answer_reload(std::move(request));
  if (request.path == "/explain-token") return answer_explain_token(std::move(request));
  if (request.path.starts_with(kCommand)) return answer_command(std::move(request));
  request.reply(404, kJson, error_json("there is no such order"));
}

void Admin::answer_ready(const event::OperatorRequest& request) {
  const auto reasons = gateway_.not_ready();
  const json::Draft body = json::Draft::object()
                               .set("ready", reasons.empty())
                               .set("reasons", json::Draft::list(reasons));
  request.reply(reasons.empty() ? 200 : 503, kJson, body.dump() + "\n");
}

void Admin::answer_why(event::OperatorRequest request) {
  constexpr std::string_view kParameter = "id=";
  if (!request.query.starts_with(kParameter)) {
    return request.reply(400, kJson, error_json("say which: /why?id=…"));
  }
  const std::string id = request.query.substr(kParameter.size());
  gateway_.find_decision(id, [reply = request.reply](std::optional<std::string> decision) {
    if (decision) return reply(200, kJson, *decision + "\n");
    reply(404, kJson,
          error_json("no decision with this id is remembered; older ones are in the access log"));
  });
}

void Admin::answer_reload(event::OperatorRequest request) {
  gateway_.reload([reply = request.reply](const control::ReloadReport& report) {
    reply(report.accepted ? 200 : 422, kJson, report_json(report));
  });
}

void Admin::answer_explain_token(event::OperatorRequest request) {
  constexpr std::string_view kParameter = "route=";
  if (!request.query.starts_with(kParameter) || request.body.empty()) {
    return request.reply(400, kJson,
                         error_json("say which: /explain-token?route=…, with the token "
                                    "as the body"));
  }
  gateway_.explain({request.query.substr(kParameter.size()), std::move(request.body)},
                   [reply = request.reply](const std::optional<desk::TokenExplanation>& told) {
                     if (told) return reply(200, kJson, told->json + "\n");
                     reply(404, kJson, error_json("there is no such route"));
                   });
}

void Admin::answer_command(event::OperatorRequest request) {
  const std::string verb = request.path.substr(kCommand.size());
  // Several services may know one verb; the operator hears the first answer.
  auto answered = std::make_shared<bool>(false);
  const auto answer = [reply = request.reply, answered](int status, std::string json) {
    if (!std::exchange(*answered, true)) reply(status, kJson, json + "\n");
  };
  if (!gateway_.command(verb, request.body, answer)) {
    request.reply(404, kJson, error_json("nothing that runs knows \"" + verb + "\""));
  }
}

}  // namespace sallyport::admin
