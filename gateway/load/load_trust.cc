#include "gateway/load/loader.h"
#include "gateway/load/trust_reader.h"

namespace sallyport::load {

void Loader::build_trust_stores() {
  for (const auto& [name, settings] : settings_.trust_stores) {
    const config::Node& place = settings->file ? settings->file->node : settings.node;
    config::Findings found;
    TrustReader reader(found, loaded_.watched);
    auto spec = reader.read(name, *settings, settings.node);
    if (spec) {
      auto made = tls::TrustStore::make(std::move(*spec), wall_now());
      if (made) {
        for (const std::string& warning : made->warnings) found.warning(place, warning);
        loaded_.trust_stores[name] = std::move(made->store);
      } else {
        found.error(place, made.error().text);
      }
    }
    if (found.has_errors() && last_good_ != nullptr) {
      keep_trust_store(name, found, settings.node);
      continue;
    }
    for (const config::Finding& finding : found.all()) findings_.add(finding);
  }
}

void Loader::keep_trust_store(const std::string& name, const config::Findings& why,
                              const config::Node& node) {
  for (const config::Finding& finding : why.all()) {
    if (finding.severity != config::Severity::error) continue;
    findings_.warning(node, finding.message + "; the trust store goes on as it was");
    loaded_.stale.push_back({"trust_store", name, finding.message});
    break;
  }
  loaded_.trust_stores[name] = last_good_->trust_stores.find(name)->second;
}

std::shared_ptr<const tls::TrustStore> Loader::find_trust_store(const std::string& name,
                                                                const config::Node& node) {
  const auto found = loaded_.trust_stores.find(name);
  if (found != loaded_.trust_stores.end()) return found->second;
  // A store that exists and failed to load has had its say.
  if (!settings_.trust_stores.contains(name)) {
    findings_.error(node, "there is no trust store \"" + name + "\" in trust_stores");
  }
  return nullptr;
}

}  // namespace sallyport::load
