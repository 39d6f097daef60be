#pragma once

// Module describes one policy to the gateway: its options, all the reasons it can give, its checks,
// which facts it needs and gives, and how its plan is loaded and attached. modules/modules.cc lists
// them all.

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <typeindex>
#include <utility>
#include <vector>

#include "gateway/config/node.h"
#include "gateway/event/live.h"
#include "gateway/event/loop.h"
#include "gateway/policy/checks.h"
#include "gateway/policy/fact.h"
#include "gateway/policy/issuer_terms.h"
#include "gateway/policy/policy.h"
#include "gateway/policy/reason.h"

namespace sallyport::config {
class Findings;
struct Option;
}  // namespace sallyport::config

namespace sallyport::policy {

// Plan is what a module made of one chain entry's options: immutable, shared by all workers.
class Plan {
 public:
  virtual ~Plan() = default;
};

// Metric is a number that a service tells the operator.
struct Metric {
  std::string_view name;  // without the sallyport_ prefix: "jwks_keys"
  std::string_view help;
  bool is_counter = false;
  std::string label_name;  // empty: no label; values only from configuration
  std::string label_value;
  double value = 0;
  // More labels, by the same rule, for what one cannot tell apart.
  std::vector<std::pair<std::string, std::string>> more_labels = {};
};

// Notice is something that a service wants the operator to read in the log. Never a secret.
struct Notice {
  std::string_view level;  // "info", "warn" or "error"
  std::string_view event;  // "key_alarm"
  std::string message;
};

// Service is something long-lived on the control thread that plans depend on: a key set follower, a
// revocation store. It survives reloads that do not change its key.
class Service {
 public:
  virtual ~Service() = default;
  // start begins its background work; called once, on control, before it is used by a worker.
  virtual void start(event::Loop& control, event::Broadcast& broadcast) = 0;
  // not_ready returns why the gateway cannot serve yet because of this service, or nothing.
  virtual std::optional<std::string> not_ready() const { return std::nullopt; }
  // problems says what is wrong although the gateway can serve, a sentence each. The log gets each
  // when it begins and when it is over; so it must not change its words meanwhile.
  virtual std::vector<std::string> problems() const { return {}; }
  virtual void metrics(std::vector<Metric>&) const {}
  // examine looks, for `sallyport check` and without start, at what only the network can tell.
  // `done` is called once, from the loop, within seconds: with why a gateway with this
  // configuration could not serve, and with what could not be found out; both may be empty. What is
  // returned must live until then; null: there is nothing to look at, and `done` is never called.
  using Examined = std::function<void(const std::string& error, const std::string& unknown)>;
  virtual std::shared_ptr<void> examine(event::Loop&, const Examined& /*done*/) { return nullptr; }
  // stores names the folders of stores on disk that it owns, for `sallyport check`.
  virtual std::vector<std::string> stores() const { return {}; }
  // notices hands over what has happened since the last call; control asks every second.
  virtual std::vector<Notice> notices() { return {}; }
  // command handles an operator's order from the admin socket, such as {"revoke": …}; `answer` is
  // called once, when its effect holds everywhere. False: not for this service.
  virtual bool command(std::string_view /*verb*/, std::string_view /*json*/,
                       const std::function<void(int status, std::string json)>& /*answer*/) {
    return false;
  }
};

// LoadContext is what load may use. Control thread only.
class LoadContext {
 public:
  virtual ~LoadContext() = default;

  virtual config::Findings& findings() = 0;
  // shared_node is the module's part of the top-level `modules:` section; null when absent.
  virtual const config::Node* shared_node(std::string_view module) const = 0;
  // trust_store_exists says whether the configuration has a trust store of that name.
  virtual bool trust_store_exists(std::string_view name) const = 0;
  // issuer_terms tells of the issuers that the modules of this configuration verify tokens of, in
  // use by a route or not (Module::issuers).
  virtual std::vector<IssuerTerms> issuer_terms() const = 0;
  // is_production says whether what is tolerable in a sandbox is an error here.
  virtual bool is_production() const = 0;

  // is_needed says whether a later policy of the chain that is being loaded needs the fact: then
  // this one may leave to it what only that fact is asked for.
  bool is_needed(Fact fact) const { return std::ranges::find(needed_, fact) != needed_.end(); }
  // set_needed is for whoever loads a chain, before each entry.
  void set_needed(std::vector<Fact> facts) { needed_ = std::move(facts); }

  // service returns the running service of that key, or makes one. `key` must contain everything
  // that its behaviour depends on, so that a changed option makes a new service. It lives as long
  // as a configuration that asked for it runs; a plan keeps only what workers read, never the
  // service, since a worker may be the last to let go of a plan.
  template <class S>
  std::shared_ptr<S> service(const std::string& key,
                             const std::function<std::shared_ptr<S>()>& make) {
    auto found =
        find_or_make(typeid(S), key, [&] { return std::static_pointer_cast<Service>(make()); });
    return std::static_pointer_cast<S>(found);
  }

 protected:
  virtual std::shared_ptr<Service> find_or_make(
      std::type_index type, const std::string& key,
      const std::function<std::shared_ptr<Service>()>& make) = 0;

 private:
  std::vector<Fact> needed_;
};

// AttachContext is what attach may use; worker's own.
class AttachContext {
 public:
  AttachContext(unsigned worker, event::Loop& loop) : worker_(worker), loop_(loop) {}
  unsigned worker() const { return worker_; }
  // loop is the worker's own; it outlives every policy.
  event::Loop& loop() const { return loop_; }

  // per_worker returns this worker's one T for `key` in this generation: what several entries of
  // one module share, such as a cache.
  template <class T, class... Args>
  std::shared_ptr<T> per_worker(const void* key, Args&&... args) {
    for (auto& slot : shared_) {
      if (slot.key == key && slot.type == typeid(T))
        return std::static_pointer_cast<T>(slot.object);
    }
    auto made = std::make_shared<T>(std::forward<Args>(args)...);
    shared_.push_back({key, typeid(T), made});
    return made;
  }

 private:
  struct Shared {
    const void* key;
    std::type_index type;
    std::shared_ptr<void> object;
  };
  const unsigned worker_;
  event::Loop& loop_;
  std::vector<Shared> shared_;
};

struct Module {
  std::string_view name;     // folder = config key = reason prefix = metric label
  std::string_view summary;  // one sentence for the documentation
  std::span<const config::Option> shared_options;  // under modules.<name>, once
  std::span<const config::Option> options;         // under policies.<name>, per chain
  std::span<const Reason* const> reasons;
  // checks are for a policy that makes several: then its reasons are reasons_of them.
  std::span<const Check> checks = {};
  std::span<const Fact> needs;
  // wants are facts that it judges by in the chains that have them: there they are needed, too.
  std::span<const Fact> wants = {};
  std::span<const Fact> gives;
  // load decodes and checks one chain entry; on error it adds findings and returns null.
  std::shared_ptr<const Plan> (*load)(const config::Node&, LoadContext&);
  std::unique_ptr<Policy> (*attach)(std::shared_ptr<const Plan>, AttachContext&);
  // issuers tells of the token issuers in the module's shared options, as far as they can be read;
  // null: it has none.
  std::vector<IssuerTerms> (*issuers)(const config::Node& shared) = nullptr;
};

}  // namespace sallyport::policy
