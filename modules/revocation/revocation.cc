#include "modules/revocation/revocation.h"

#include <array>
#include <utility>

#include "modules/revocation/revocation_orders.h"

namespace sallyport::revocation {
namespace {

using policy::ErrorClass;
using policy::Exchange;
using policy::Reason;
using policy::TokenClaims;
using policy::Verdict;

constexpr Reason kToken{"revocation.token", ErrorClass::invalid_token,
                        "This token (jti) was revoked."};
constexpr Reason kSubject{"revocation.subject", ErrorClass::invalid_token,
                          "The tokens of this user (sub) were revoked, and this one was issued "
                          "before the cut-off."};
constexpr Reason kClient{"revocation.client", ErrorClass::invalid_token,
                         "The tokens of this client (client_id) were revoked, and this one was "
                         "issued before the cut-off."};
constexpr Reason kConsent{"revocation.consent", ErrorClass::invalid_token,
                          "The consent under which this token was issued was revoked."};
constexpr Reason kKey{"revocation.key", ErrorClass::invalid_token,
                      "The key (kid) that signed this token was revoked."};
constexpr Reason kUnavailable{"revocation.unavailable", ErrorClass::unavailable,
                              "The revocations have not been read from their store. The readiness "
                              "page says why."};
constexpr std::array<const Reason*, 6> kReasons = {&kToken,   &kSubject, &kClient,
                                                   &kConsent, &kKey,     &kUnavailable};
constexpr std::array<policy::Fact, 1> kNeeds = {policy::Fact::token};

struct StoreSettings {
  config::File path;
  config::Size max_size{256 * 1024 * 1024};
  static std::span<const config::Option> options();
};

std::span<const config::Option> StoreSettings::options() {
  static const std::array rows{
      config::required<&StoreSettings::path>(
          "path", "Folder of the store, for this gateway alone; made when its parent exists."),
      config::option<&StoreSettings::max_size>(
          "max_size", "Largest size of the store's file. A new size holds from the next start.",
          config::between(config::Size{1024 * 1024}, config::Size{64ULL * 1024 * 1024 * 1024})),
  };
  return rows;
}

struct SharedSettings {
  StoreSettings store;
  Seconds keep = Terms().keep;
  Seconds keep_consent = Terms().keep_consent;
  std::size_t max_entries = Terms().max_entries;
  static std::span<const config::Option> options();
};

std::span<const config::Option> SharedSettings::options() {
  static const std::array rows{
      config::required<&SharedSettings::store>("store", "Where revocations outlive the process."),
      config::option<&SharedSettings::keep>(
          "keep",
          "How long the revocation of a token, subject or client is remembered when the "
          "order does not say. At least the longest life of an access token.",
          config::between(Seconds(60), Seconds(400 * 24 * 3600))),
      config::option<&SharedSettings::keep_consent>(
          "keep_consent", "The same for a consent; as long as a refresh token may live.",
          config::between(Seconds(60), Seconds(4000 * 24 * 3600))),
      config::option<&SharedSettings::max_entries>(
          "max_entries", "How many revocations there may be; each takes 64 to 128 bytes of memory.",
          config::between(std::size_t{1}, std::size_t{20'000'000})),
  };
  return rows;
}

// A chain says only that it wants revocation.
struct Settings {
  static std::span<const config::Option> options() { return {}; }
};

struct RevocationPlan final : policy::Plan {
  std::shared_ptr<const RevocationSet> set;
};

class RevocationPolicy final : public policy::Policy {
 public:
  explicit RevocationPolicy(std::shared_ptr<const RevocationPlan> plan) : plan_(std::move(plan)) {}

  Verdict on_request(Exchange& exchange) override {
    const RevocationSet& set = *plan_->set;
    if (!set.is_ready()) return policy::deny(kUnavailable);
    const TokenClaims& claims = exchange.facts.token->claims();
    // The widest first, as it says most about what has happened.
    const std::array<Question, 5> questions = {{
        {Unit::key, claims.key_id, "kid", &kKey},
        {Unit::client, claims.client_id, "client_id", &kClient},
        {Unit::consent, claims.consent_id, "consent_id", &kConsent},
        {Unit::subject, claims.subject, "sub", &kSubject},
        {Unit::token, claims.token_id, "jti", &kToken},
    }};
    for (const Question& question : questions) {
      const auto mark = set.find(question.unit, claims.issuer, question.value, claims.issued_at,
                                 exchange.now.unix_seconds());
      if (mark) return refuse(exchange, question, *mark, claims.issued_at);
    }
    return policy::allow();
  }

 private:
  struct Question {
    Unit unit;
    std::string_view value;
    std::string_view claim;
    const Reason* reason;
  };

  static Verdict refuse(Exchange& exchange, const Question& question, const Mark& mark,
                        std::int64_t issued_at) {
    if (mark.cutoff == kAlways) {
      return policy::deny(*question.reason,
                          policy::evidence(exchange, "{}={}", question.claim, question.value));
    }
    return policy::deny(*question.reason,
                        policy::evidence(exchange, "iat={} cutoff={} {}={}", issued_at, mark.cutoff,
                                         question.claim, question.value));
  }

  std::shared_ptr<const RevocationPlan> plan_;
};

std::shared_ptr<RevocationKeeper> keeper_of(const StoreSettings& store,
                                            policy::LoadContext& context) {
  // The folder alone is the key: it has one owner, and a change of anything else must not need it
  // twice while the old configuration is still in use.
  return context.service<RevocationKeeper>(store.path.path, [&] {
    return std::make_shared<RevocationKeeper>(
        [path = store.path.path, size = store.max_size.bytes] { return open_lmdb(path, size); });
  });
}

std::shared_ptr<const policy::Plan> load(const config::Node& node, policy::LoadContext& context) {
  Settings settings;
  if (!config::decode(node, settings, context.findings())) return nullptr;
  const config::Node* shared = context.shared_node("revocation");
  if (shared == nullptr) {
    context.findings().error(node, "needs a store: write `modules.revocation.store.path`");
    return nullptr;
  }
  SharedSettings common;
  if (!config::decode(*shared, common, context.findings())) return nullptr;
  auto plan = std::make_shared<RevocationPlan>();
  const auto keeper = keeper_of(common.store, context);
  plan->set = keeper->set();
  const Terms terms{common.keep, common.keep_consent, common.max_entries};
  const std::string key = common.store.path.path + '\n' + std::to_string(terms.keep.count()) +
                          '\n' + std::to_string(terms.keep_consent.count()) + '\n' +
                          std::to_string(terms.max_entries);
  // Nobody here needs it: it listens to the operator.
  context.service<RevocationOrders>(
      key, [&] { return std::make_shared<RevocationOrders>(keeper, terms); });
  return plan;
}

std::unique_ptr<policy::Policy> attach(std::shared_ptr<const policy::Plan> plan,
                                       policy::AttachContext&) {
  return std::make_unique<RevocationPolicy>(std::static_pointer_cast<const RevocationPlan>(plan));
}

}  // namespace

const policy::Module module{
    .name = "revocation",
    .summary = "Refuses tokens that an operator has revoked.",
    .shared_options = SharedSettings::options(),
    .options = Settings::options(),
    .reasons = kReasons,
    .needs = kNeeds,
    .gives = {},
    .load = load,
    .attach = attach,
};

}  // namespace sallyport::revocation
