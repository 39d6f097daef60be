#include "modules/client_cert/client_cert.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/config/option.h"
#include "gateway/crypto/identity_rule.h"
#include "gateway/policy/facts.h"

namespace sallyport::client_cert {

namespace {

using policy::ErrorClass;
using policy::Exchange;
using policy::Reason;
using policy::Verdict;

constexpr Reason kAbsent{"client_cert.absent", ErrorClass::certificate_required,
                         "The client showed no certificate in the handshake and this route needs "
                         "one. See whether the caller is configured with its certificate."};
constexpr Reason kOtherStore{"client_cert.other_store", ErrorClass::forbidden,
                             "The certificate was verified by another trust store than this "
                             "route's. See `trust_store` here and at the listener."};
constexpr Reason kNameMismatch{
    "client_cert.name_mismatch", ErrorClass::forbidden,
    "The certificate is good and its name matches no pattern of this "
    "route, or name constraints of its CA forbid it. Compare the evidence "
    "with `common_name` and `dns_name`."};
constexpr Reason kExpired{"client_cert.expired", ErrorClass::forbidden,
                          "The certificate expired while the connection was open. The client must "
                          "connect again with its new certificate."};
constexpr Reason kNotTrusted{
    "client_cert.no_longer_trusted", ErrorClass::forbidden,
    "What vouched for the certificate came to its end while the connection "
    "was open: the trust entry was retired, an issuer expired, or a "
    "revocation list was not renewed. See `sallyport explain --cert`."};

enum class Check : std::uint8_t { certificate, trust_store, expiry, trust, name };
constexpr std::array kOfCertificate{&kAbsent};
constexpr std::array kOfTrustStore{&kOtherStore};
constexpr std::array kOfExpiry{&kExpired};
constexpr std::array kOfTrust{&kNotTrusted};
constexpr std::array kOfName{&kNameMismatch};
constexpr std::array kChecks{policy::check(Check::certificate, "certificate", kOfCertificate),
                             policy::check(Check::trust_store, "trust_store", kOfTrustStore),
                             policy::check(Check::expiry, "expiry", kOfExpiry),
                             policy::check(Check::trust, "trust", kOfTrust),
                             policy::check(Check::name, "name", kOfName)};
const auto kReasons = policy::reasons_of(kChecks);

constexpr std::array<policy::Fact, 1> kGives = {policy::Fact::identity};

struct Settings {
  config::At<std::string> trust_store;
  bool required = true;
  std::vector<config::At<std::string>> common_name;
  std::vector<config::At<std::string>> dns_name;
  std::string identity;
  static std::span<const config::Option> options();
};

std::span<const config::Option> Settings::options() {
  static const std::array rows{
      config::required<&Settings::trust_store>(
          "trust_store", "The trust store that must have vouched for the certificate."),
      config::option<&Settings::required>(
          "required",
          "Whether a client without a certificate is refused; if not, it passes without "
          "an identity."),
      config::option<&Settings::common_name>(
          "common_name",
          "Patterns of the subject's common name, which is compared always; `<word>` stands for a "
          "part of one label, as in `plaid-mtls-<shortname>.plaid.com`. Without patterns any name "
          "of the store passes."),
      config::option<&Settings::dns_name>(
          "dns_name",
          "Patterns of DNS names; where a certificate has none, they are compared with its common "
          "name, unless `common_name` is written too."),
      config::option<&Settings::identity>(
          "identity",
          "The name that the client goes by in logs; else the one that the trust "
          "store's entry gives, or the store's name."),
  };
  return rows;
}

struct ClientCertPlan final : policy::Plan {
  std::string trust_store;
  std::string identity;
  bool required = true;
  std::vector<crypto::NamePattern> common_names;
  std::vector<crypto::NamePattern> dns_names;
};

}  // namespace

class ClientCertPolicy final : public policy::Policy {
 public:
  explicit ClientCertPolicy(std::shared_ptr<const ClientCertPlan> plan) : plan_(std::move(plan)) {}

  Verdict on_request(Exchange& exchange) override {
    const auto& certificate = exchange.facts.client_certificate;
    if (!certificate) return plan_->required ? policy::deny(kAbsent) : policy::allow();
    policy::passed(exchange, Check::certificate);
    const crypto::CertificateView& view = certificate->view();
    if (certificate->trust_store() != plan_->trust_store) {
      return policy::deny(
          kOtherStore, policy::evidence(exchange, "store={} wanted={}", certificate->trust_store(),
                                        plan_->trust_store));
    }
    policy::passed(exchange, Check::trust_store);
    if (exchange.now.unix_seconds() > view.not_after) {
      return policy::deny(kExpired, policy::evidence(exchange, "not_after={} serial={}",
                                                     view.not_after, view.serial));
    }
    policy::passed(exchange, Check::expiry);
    if (exchange.now.unix_seconds() > certificate->valid_until()) {
      return policy::deny(
          kNotTrusted,
          policy::evidence(exchange, "entry={} valid_until={} serial={}", certificate->entry(),
                           certificate->valid_until(), view.serial));
    }
    policy::passed(exchange, Check::trust);
    if (!crypto::names_match(plan_->common_names, plan_->dns_names, view)) {
      return policy::deny(
          kNameMismatch,
          policy::evidence(exchange, "common_name=\"{}\"{} dns_names={} serial={}",
                           view.common_name, view.common_name_forbidden ? " (constrained)" : "",
                           view.dns_names.size(), view.serial));
    }
    policy::passed(exchange, Check::name);
    // The certificate's own name lives as long as the certificate, which the exchange holds.
    exchange.facts.identity = policy::ClientIdentity(
        plan_->identity.empty() ? certificate->identity() : std::string_view(plan_->identity));
    return policy::allow();
  }

 private:
  std::shared_ptr<const ClientCertPlan> plan_;
};

namespace {

std::vector<crypto::NamePattern> parse_patterns(const std::vector<config::At<std::string>>& texts,
                                                config::Findings& findings) {
  std::vector<crypto::NamePattern> patterns;
  for (const auto& text : texts) {
    if (auto pattern = crypto::NamePattern::parse(*text)) {
      patterns.push_back(*std::move(pattern));
    } else {
      findings.error(text.node, pattern.error().text);
    }
  }
  return patterns;
}

std::shared_ptr<const policy::Plan> load(const config::Node& node, policy::LoadContext& context) {
  config::Findings& findings = context.findings();
  Settings settings;
  if (!config::decode(node, settings, findings)) return nullptr;
  const std::size_t before = findings.error_count();
  if (!context.trust_store_exists(*settings.trust_store)) {
    findings.error(settings.trust_store.node, "there is no trust store \"" + *settings.trust_store +
                                                  "\"; name one under `trust_stores`");
  }
  auto plan = std::make_shared<ClientCertPlan>();
  plan->common_names = parse_patterns(settings.common_name, findings);
  plan->dns_names = parse_patterns(settings.dns_name, findings);
  plan->trust_store = *settings.trust_store;
  plan->identity = settings.identity;
  plan->required = settings.required;
  return findings.error_count() > before ? nullptr : std::move(plan);
}

std::unique_ptr<policy::Policy> attach(std::shared_ptr<const policy::Plan> plan,
                                       policy::AttachContext&) {
  return std::make_unique<ClientCertPolicy>(std::static_pointer_cast<const ClientCertPlan>(plan));
}

}  // namespace

const policy::Module module{
    .name = "client_cert",
    .summary = "Demands a client certificate of the right trust store and name.",
    .shared_options = {},
    .options = Settings::options(),
    .reasons = kReasons,
    .checks = kChecks,
    .needs = {},
    .gives = kGives,
    .load = load,
    .attach = attach,
};

}  // namespace sallyport::client_cert
