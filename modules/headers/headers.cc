#include "modules/headers/headers.h"

#include <array>
#include <utility>

#include "gateway/config/option.h"
#include "gateway/http/field_names.h"
#include "modules/headers/request_fields.h"
#include "modules/headers/response_fields.h"

namespace sallyport::headers {
namespace {

using policy::Exchange;
using policy::Verdict;

using Names = std::vector<config::At<std::string>>;

// default_response_strip names what upstreams tell about themselves.
std::vector<std::string> default_response_strip() {
  return {"Server",        "X-Powered-By",      "X-AspNet-Version", "X-AspNetMvc-Version",
          "X-Runtime",     "X-Generator",       "X-Version",        "X-Backend-Server",
          "X-Debug-Token", "X-Debug-Token-Link"};
}

struct Settings {
  Names strip;
  bool client_cert = false;
  Authorization authorization = Authorization::forward;
  std::vector<std::string> response_strip = default_response_strip();
  Security security = Security::fdx;
  static std::span<const config::Option> options();
};

std::span<const config::Option> Settings::options() {
  static const std::array rows{
      config::option<&Settings::strip>(
          "strip",
          "Request fields to remove besides all that only a gateway may set; letters of either "
          "case are the same, and so are `-`, `_` and other signs."),
      config::option<&Settings::client_cert>(
          "client_cert",
          "Whether the upstream gets the verified client certificate in the field "
          "Client-Cert (RFC 9440)."),
      config::option<&Settings::authorization>(
          "authorization",
          "Whether the upstream gets the Authorization field: `forward` or "
          "`remove`."),
      config::option<&Settings::response_strip>(
          "response_strip", "Response fields to remove, because they tell about the upstream."),
      config::option<&Settings::security>(
          "security",
          "Fields set on every answer: `fdx` (never stored; for data), `browser` (not "
          "framed; for pages) or `none`."),
  };
  return rows;
}

struct HeadersPlan final : policy::Plan {
  RequestRules request;
  ResponseRules response;
};

class HeadersPolicy final : public policy::Policy {
 public:
  explicit HeadersPolicy(std::shared_ptr<const HeadersPlan> plan) : plan_(std::move(plan)) {}

  Verdict on_request(Exchange& exchange) override {
    make_trustworthy(exchange, plan_->request);
    return policy::allow();
  }

  void on_response(Exchange& exchange, http::ResponseHead& head) override {
    dress_response(exchange, head, plan_->response);
  }

 private:
  std::shared_ptr<const HeadersPlan> plan_;
};

std::shared_ptr<const policy::Plan> load(const config::Node& node, policy::LoadContext& context) {
  config::Findings& findings = context.findings();
  Settings settings;
  if (!config::decode(node, settings, findings)) return nullptr;
  const std::size_t before = findings.error_count();
  auto plan = std::make_shared<HeadersPlan>();
  for (const auto& name : settings.strip) {
    if (!http::is_token(*name)) findings.error(name.node, "\"" + *name + "\" is no field name");
    plan->request.strip.push_back(http::folded(*name));
  }
  for (const std::string& name : settings.response_strip) {
    if (!http::is_token(name)) {
      findings.error(*node.find("response_strip"), "\"" + name + "\" is no field name");
    }
    plan->response.strip.push_back(http::folded(name));
  }
  plan->request.client_cert = settings.client_cert;
  plan->request.authorization = settings.authorization;
  plan->response.security = settings.security;
  return findings.error_count() > before ? nullptr : std::move(plan);
}

std::unique_ptr<policy::Policy> attach(std::shared_ptr<const policy::Plan> plan,
                                       policy::AttachContext&) {
  return std::make_unique<HeadersPolicy>(std::static_pointer_cast<const HeadersPlan>(plan));
}

}  // namespace

const policy::Module module{
    .name = "headers",
    .summary = "Sets the fields that upstreams rely on, and those that clients should obey.",
    .shared_options = {},
    .options = Settings::options(),
    .reasons = {},
    .needs = {},
    .gives = {},
    .load = load,
    .attach = attach,
};

}  // namespace sallyport::headers
