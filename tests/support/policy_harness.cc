#include "tests/support/policy_harness.h"

#include <algorithm>
#include <utility>

#include "gateway/base/text.h"

namespace sallyport::test {

namespace {

// reached holds the ids of all reasons given in this process.
std::set<std::string, std::less<>>& reached() {
  static std::set<std::string, std::less<>> ids;
  return ids;
}

// ReasonCoverage complains after the last test about reasons that none has reached.
class ReasonCoverage final : public testing::Environment {
 public:
  explicit ReasonCoverage(const policy::Module& module) : module_(module) {}

  void TearDown() override {
    if (GTEST_FLAG_GET(filter) != "*") return;
    for (const policy::Reason* reason : module_.reasons) {
      EXPECT_TRUE(reached().contains(reason->id)) << reason->id << " is reached by no test";
    }
  }

 private:
  const policy::Module& module_;
};

}  // namespace

std::shared_ptr<const crypto::VerifiedCertificate> FactMaker::certificate(
    crypto::CertificateView view, crypto::Voucher voucher) {
  return std::shared_ptr<const crypto::VerifiedCertificate>(
      new crypto::VerifiedCertificate(std::move(view), std::move(voucher)));
}

Call::Call() : exchange_(arena_, connection_, facts_, 0) {
  connection_.listener = "api";
  connection_.peer = *net::Address::parse("192.0.2.10");
  connection_.peer_port = 50000;
  connection_.local = *net::Address::parse("192.0.2.1");
  connection_.local_port = 443;
  connection_.tls_version = "TLSv1.3";
  exchange_.facts.client_address = connection_.peer;
  exchange_.facts.client_port = connection_.peer_port;
  at(kNow).method("GET").target("/").authority("api.bank.example");
}

Call& Call::from(std::string_view address) {
  connection_.peer = net::Address::parse(address).value();
  exchange_.facts.client_address = connection_.peer;
  return *this;
}

Call& Call::method(std::string_view method) {
  exchange_.request.method_text = arena_.copy(method);
  exchange_.request.method = http::method_of(method);
  return *this;
}

Call& Call::target(std::string_view target) {
  const std::size_t mark = target.find('?');
  http::Target& to = exchange_.request.target;
  to.path = arena_.copy(target.substr(0, mark));
  to.has_query = mark != std::string_view::npos;
  to.query = to.has_query ? arena_.copy(target.substr(mark + 1)) : std::string_view();
  return *this;
}

Call& Call::authority(std::string_view authority) {
  exchange_.request.authority = arena_.copy(authority);
  const std::size_t colon = authority.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  exchange_.request.host =
      exchange_.request.authority.substr(0, has_port ? colon : authority.size());
  return *this;
}

Call& Call::header(std::string_view name, std::string_view value) {
  exchange_.request.fields.add(arena_.copy(name), arena_.copy(value));
  return *this;
}

Call& Call::at(std::int64_t unix_seconds) {
  exchange_.now = {unix_seconds * 1000};
  return *this;
}

Call& Call::interaction_id(std::string_view id) {
  exchange_.interaction_id = arena_.copy(id);
  return *this;
}

Call& Call::body(std::string_view body) {
  exchange_.body = arena_.copy(body);
  return *this;
}

Call& Call::certificate(crypto::CertificateView view, std::string trust_store) {
  crypto::Voucher voucher;
  voucher.trust_store = std::move(trust_store);
  voucher.anchor = "CN=Test CA";
  return certificate(std::move(view), std::move(voucher));
}

Call& Call::certificate(crypto::CertificateView view, crypto::Voucher voucher) {
  exchange_.facts.client_certificate = FactMaker::certificate(std::move(view), std::move(voucher));
  return *this;
}

Call& Call::token(policy::TokenClaims claims) {
  exchange_.facts.token.emplace(FactMaker::token(std::move(claims)));
  return *this;
}

Call& Call::identity(std::string_view name) {
  exchange_.facts.identity.emplace(FactMaker::identity(arena_.copy(name)));
  return *this;
}

Call& Call::allowlisted() {
  exchange_.facts.allowlisted = FactMaker::allowlisted();
  return *this;
}

std::string Call::field(std::string_view name) const {
  const http::Fields& fields = exchange_.request.fields;
  const http::Field* found = fields.find(name);
  if (found == nullptr) return "(absent)";
  return fields.count(name) > 1 ? "(several)" : std::string(found->value);
}

void TestBroadcast::to_all(std::function<void(unsigned)> work, std::function<void()> done) {
  auto both = [work = std::move(work), done = std::move(done)] {
    work(0);
    done();
  };
  if (held_) {
    waiting_.push_back(std::move(both));
  } else {
    both();
  }
}

void TestBroadcast::release() {
  held_ = false;
  for (auto& work : std::exchange(waiting_, {})) work();
}

const config::Node* TestLoadContext::shared_node(std::string_view module) const {
  return module == module_ && shared_ ? &*shared_ : nullptr;
}

bool TestLoadContext::trust_store_exists(std::string_view name) const {
  return trust_stores_.contains(name);
}

std::vector<std::shared_ptr<policy::Service>> TestLoadContext::services() const {
  std::vector<std::shared_ptr<policy::Service>> all;
  for (const Made& made : made_) all.push_back(made.service);
  return all;
}

std::shared_ptr<policy::Service> TestLoadContext::find_or_make(
    std::type_index type, const std::string& key,
    const std::function<std::shared_ptr<policy::Service>()>& make) {
  for (const Made& made : made_) {
    if (made.type == type && made.key == key) return made.service;
  }
  made_.push_back({type, key, make()});
  return made_.back().service;
}

PolicyHarness& PolicyHarness::shared(std::string_view yaml) {
  auto node = parse(yaml, "modules." + std::string(module_.name));
  if (node) context_.set_shared(std::move(*node));
  return *this;
}

PolicyHarness& PolicyHarness::trust_store(std::string name) {
  context_.add_trust_store(std::move(name));
  return *this;
}

PolicyHarness& PolicyHarness::folder(std::string path) {
  folder_ = std::move(path);
  return *this;
}

std::optional<config::Node> PolicyHarness::parse(std::string_view yaml, std::string_view path) {
  const std::string name = folder_.empty() ? "test.yaml" : folder_ + "/test.yaml";
  // The text is read as the deepest part of a whole file, so that positions and paths are real.
  std::string text;
  std::string indent;
  for_each_piece(path, '.', [&](std::string_view key) {
    text += indent + std::string(key) + ":\n";
    indent += "  ";
  });
  for_each_piece(yaml, '\n', [&](std::string_view line) {
    text += line.empty() ? "\n" : indent + std::string(line) + "\n";
  });
  auto root =
      config::parse_yaml(text, std::make_shared<const std::string>(name), context_.findings());
  const config::Node* node = root ? &*root : nullptr;
  for_each_piece(path, '.', [&](std::string_view key) { node = node ? node->find(key) : nullptr; });
  if (node == nullptr) return std::nullopt;
  config::Node part = *node;
  if (part.is_null()) part.kind = config::Node::Kind::mapping;  // as the chain hands it over
  return part;
}

bool PolicyHarness::load(std::string_view yaml) {
  context_.forget_findings();
  const auto node = parse(yaml, "policies." + std::string(module_.name));
  if (!node) return false;
  auto plan = module_.load(*node, context_);
  EXPECT_EQ(plan == nullptr, context_.findings().has_errors()) << errors();
  if (plan == nullptr) return false;
  plan_ = std::move(plan);
  for (const auto& service : context_.services()) {
    if (started_.insert(service.get()).second) service->start(loop_, broadcast_);
  }
  policy_ = module_.attach(plan_, attach_);
  return policy_ != nullptr;
}

std::string PolicyHarness::errors() const {
  std::string text;
  for (const auto& finding : context_.seen().all()) {
    text += finding.text() + "\n";
  }
  return text;
}

policy::Verdict PolicyHarness::judge(Call& call) {
  if (before_ != nullptr) {
    auto verdict = before_->judge(call);
    if (!std::holds_alternative<policy::Allow>(verdict)) return verdict;
  }
  call.exchange().marks = {};
  return noted(policy().on_request(call.exchange()), call);
}

void PolicyHarness::respond(Call& call, http::ResponseHead& head) {
  call.exchange().marks = {};
  policy().on_response(call.exchange(), head);
  if (const policy::Reason* reason = call.exchange().answer_refused) {
    static_cast<void>(noted(policy::deny(*reason), call));
  }
}

std::optional<policy::Verdict> PolicyHarness::answer(Call& call, http::ResponseHead& head,
                                                     std::string_view body) {
  const std::size_t limit = policy().answer_limit(call.exchange(), head);
  if (limit == 0) return std::nullopt;
  const bool fits = body.size() <= limit;
  call.exchange().marks = {};
  auto verdict =
      policy().on_answer(call.exchange(), {head, fits ? body : std::string_view(), fits});
  return finish(noted(std::move(verdict), call), call);
}

policy::Verdict PolicyHarness::noted(policy::Verdict verdict, Call& call) const {
  if (const auto* deny = std::get_if<policy::Deny>(&verdict)) {
    reached().insert(std::string(deny->reason->id));
    EXPECT_NE(std::ranges::find(module_.reasons, deny->reason), module_.reasons.end())
        << deny->reason->id << " is not among the reasons of " << module_.name;
    EXPECT_TRUE(module_.checks.empty() || call.exchange().explanation != nullptr ||
                policy::failed_check(module_.checks, call.exchange().marks, *deny->reason))
        << deny->reason->id << " is not of a check of " << module_.name
        << " that follows the last that was passed";
  }
  return verdict;
}

policy::Verdict PolicyHarness::finish(policy::Verdict verdict, Call& call) {
  auto* wait = std::get_if<policy::Wait>(&verdict);
  if (wait == nullptr) return verdict;
  const auto pending = wait->take();
  std::optional<policy::Verdict> decided;
  pending->start([&](policy::Verdict then) { decided = std::move(then); }, call.exchange());
  for (int turns = 0; !decided && turns < 1000; ++turns) loop_.run_once();
  EXPECT_TRUE(decided.has_value()) << "still waiting";
  return decided ? noted(std::move(*decided), call) : policy::allow();
}

void PolicyHarness::settle() {
  for (int turns = 0; turns < 8; ++turns) loop_.run_once();
}

std::string PolicyHarness::command(std::string_view verb, std::string_view json) {
  std::string answer;
  for (const auto& service : context_.services()) {
    const bool taken = service->command(verb, json, [&](int status, std::string body) {
      answer = std::to_string(status) + " " + body;
    });
    if (taken) break;
  }
  settle();
  return answer;
}

std::vector<policy::Metric> PolicyHarness::metrics() const {
  std::vector<policy::Metric> all;
  for (const auto& service : context_.services()) service->metrics(all);
  return all;
}

bool require_every_reason(const policy::Module& module) {
  testing::AddGlobalTestEnvironment(new ReasonCoverage(module));  // GoogleTest owns it
  return true;
}

std::string checks_of(const policy::Module& module, Call& call, const policy::Verdict& verdict) {
  const auto* deny = std::get_if<policy::Deny>(&verdict);
  const auto results = policy::results_of(module.checks, call.exchange().marks,
                                          deny != nullptr ? deny->reason : nullptr);
  std::string told;
  for (const policy::Check& check : module.checks) {
    const policy::CheckResult result = results[check.place];
    if (result == policy::CheckResult::not_made) continue;
    told += told.empty() ? "" : " ";
    told += check.name;
    told += result == policy::CheckResult::passed   ? "+"
            : result == policy::CheckResult::failed ? "-"
                                                    : ".";
  }
  return told;
}

std::string evidence_of(const policy::Verdict& verdict) {
  if (const auto* deny = std::get_if<policy::Deny>(&verdict))
    return std::string(deny->evidence.text);
  if (const auto* allow = std::get_if<policy::Allow>(&verdict)) {
    return std::string(allow->evidence.text);
  }
  return {};
}

}  // namespace sallyport::test
