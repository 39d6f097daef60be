#include "gateway/load/load.h"

#include "gateway/config/node.h"
#include "gateway/load/loader.h"
#include "gateway/load/schema.h"

namespace sallyport::load {

Loader::Loader(const Settings& settings, Services& services, metrics::Registry& registry,
               config::Findings& findings, const Loaded* last_good)
    : settings_(settings),
      services_(services),
      registry_(registry),
      findings_(findings),
      generation_(*(loaded_.generation = std::make_shared<server::Generation>())),
      last_good_(last_good) {}

void Loader::build() {
  build_process();
  build_log();
  build_limits();
  build_admin();
  build_trust_stores();
  build_listeners();
  build_resolver();
  build_upstreams();
  build_error_profiles();
  check_modules();
  build_routes();
  register_metrics();
}

const config::Node* Loader::shared_node(std::string_view module) const {
  return settings_.modules.node.find(module);
}

bool Loader::trust_store_exists(std::string_view name) const {
  // One that failed to load has had its say already.
  return settings_.trust_stores.contains(std::string(name));
}

std::vector<policy::IssuerTerms> Loader::issuer_terms() const {
  std::vector<policy::IssuerTerms> all;
  for (const policy::Module* module : modules()) {
    const config::Node* shared = shared_node(module->name);
    if (module->issuers == nullptr || shared == nullptr) continue;
    for (policy::IssuerTerms& one : module->issuers(*shared)) all.push_back(std::move(one));
  }
  return all;
}

bool Loader::is_production() const { return settings_.environment == Environment::production; }

std::shared_ptr<policy::Service> Loader::find_or_make(std::type_index type, const std::string& key,
                                                      const Services::Make& make) {
  auto service = services_.find_or_make(type, key, make);
  loaded_.services.push_back(service);
  return service;
}

namespace {

std::optional<Loaded> build(std::shared_ptr<const config::Node> document, Services& services,
                            metrics::Registry& registry, config::Findings& findings,
                            const Loaded* last_good) {
  Settings settings;
  // What could be decoded is built even so: its mistakes belong into the same report.
  config::decode(*document, settings, findings);
  Loader loader(settings, services, registry, findings, last_good);
  loader.build();
  if (findings.has_errors()) return std::nullopt;
  Loaded loaded = loader.take();
  loaded.document = std::move(document);
  return loaded;
}

}  // namespace

std::optional<Loaded> load(const std::string& path, Services& services, metrics::Registry& registry,
                           config::Findings& findings) {
  auto document = config::load_yaml(path, findings);
  if (!document) return std::nullopt;
  return build(std::make_shared<const config::Node>(std::move(*document)), services, registry,
               findings, nullptr);
}

std::optional<Loaded> load_again(const Loaded& running, Services& services,
                                 metrics::Registry& registry, config::Findings& findings) {
  return build(running.document, services, registry, findings, &running);
}

}  // namespace sallyport::load
