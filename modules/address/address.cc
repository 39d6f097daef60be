#include "modules/address/address.h"

#include <array>
#include <utility>

#include "gateway/config/option.h"
#include "gateway/policy/facts.h"
#include "modules/address/address_list.h"

namespace sallyport::address {
namespace {

using policy::ErrorClass;
using policy::Exchange;
using policy::Reason;
using policy::Verdict;

constexpr Reason kNotAllowed{"address.not_allowed", ErrorClass::forbidden,
                             "The client's address is in none of the allowed blocks. If the caller "
                             "is genuine, add its address to `allow`."};
constexpr Reason kDenied{
    "address.denied", ErrorClass::forbidden,
    "The client's address is in a block of `deny`, which goes before `allow`."};

enum class Check : std::uint8_t { deny, allow };
constexpr std::array kOfDeny{&kDenied};
constexpr std::array kOfAllow{&kNotAllowed};
constexpr std::array kChecks{policy::check(Check::deny, "deny", kOfDeny),
                             policy::check(Check::allow, "allow", kOfAllow)};
const auto kReasons = policy::reasons_of(kChecks);

struct Settings {
  std::vector<config::At<std::string>> allow;
  std::vector<config::At<std::string>> deny;
  static std::span<const config::Option> options();
};

std::span<const config::Option> Settings::options() {
  static const std::array rows{
      config::required<&Settings::allow>(
          "allow",
          "Who may call: addresses, blocks (`192.0.2.0/24`), ranges (`192.0.2.1-192.0.2.9`), "
          "built-in sets (`plaid-current`, `plaid-legacy`, `loopback`) and files of these "
          "(`@plaid.txt`, from the folder of this configuration file, one entry a line).",
          config::not_empty()),
      config::option<&Settings::deny>("deny",
                                      "Who may not call, whatever `allow` says; same entries."),
  };
  return rows;
}

struct AddressPlan final : policy::Plan {
  net::PrefixSet allow;
  net::PrefixSet deny;
};

}  // namespace

// Outside of the anonymous namespace, as policy/facts.h names it: the maker of AllowlistedAddress.
class AddressPolicy final : public policy::Policy {
 public:
  explicit AddressPolicy(std::shared_ptr<const AddressPlan> plan) : plan_(std::move(plan)) {}

  Verdict on_request(Exchange& exchange) override {
    const net::Address& client = exchange.facts.client_address;
    if (plan_->deny.contains(client)) return refuse(kDenied, exchange);
    policy::passed(exchange, Check::deny);
    if (!plan_->allow.contains(client)) return refuse(kNotAllowed, exchange);
    policy::passed(exchange, Check::allow);
    exchange.facts.allowlisted = policy::AllowlistedAddress();
    return policy::allow();
  }

 private:
  static Verdict refuse(const Reason& reason, Exchange& exchange) {
    return policy::deny(
        reason, policy::evidence(exchange, "client={}", exchange.facts.client_address.text()));
  }

  std::shared_ptr<const AddressPlan> plan_;
};

namespace {

std::shared_ptr<const policy::Plan> load(const config::Node& node, policy::LoadContext& context) {
  config::Findings& findings = context.findings();
  Settings settings;
  if (!config::decode(node, settings, findings)) return nullptr;
  const std::size_t before = findings.error_count();
  auto plan = std::make_shared<AddressPlan>();
  plan->allow = read_list(settings.allow, findings);
  plan->deny = read_list(settings.deny, findings);
  return findings.error_count() > before ? nullptr : std::move(plan);
}

std::unique_ptr<policy::Policy> attach(std::shared_ptr<const policy::Plan> plan,
                                       policy::AttachContext&) {
  return std::make_unique<AddressPolicy>(std::static_pointer_cast<const AddressPlan>(plan));
}

}  // namespace

const policy::Module module{
    .name = "address",
    .summary = "Lets a request pass only from listed client addresses.",
    .shared_options = {},
    .options = Settings::options(),
    .reasons = kReasons,
    .checks = kChecks,
    .needs = {},
    .gives = {},
    .load = load,
    .attach = attach,
};

}  // namespace sallyport::address
