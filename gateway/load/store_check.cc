#include "gateway/load/store_check.h"

#include <set>

#include "gateway/clients/lmdb_store.h"

namespace sallyport::load {
namespace {

void add_error(config::Findings& findings, std::string text) {
  findings.add({config::Severity::error, {}, "", std::move(text)});
}

std::string missing_text(const std::string& folder) {
  return "the store " + folder +
         " is missing or empty: with it every revocation and denial that it kept is forgotten. Is "
         "its "
         "volume mounted? For a first start make it by `sallyport store init`, or start with "
         "`sallyport run --new-store`; else restore a copy";
}

}  // namespace

std::vector<std::string> stores_of(const Loaded& loaded) {
  std::set<std::string> folders;
  for (const auto& service : loaded.services) {
    for (std::string& folder : service->stores()) folders.insert(std::move(folder));
  }
  return {folders.begin(), folders.end()};
}

std::vector<StoreFound> examine_stores(const Loaded& loaded, bool new_stores,
                                       config::Findings& findings) {
  const bool may_be_new = new_stores || loaded.environment == Environment::sandbox;
  std::vector<StoreFound> found;
  for (const std::string& folder : stores_of(loaded)) {
    const auto examined = clients::LmdbStore::examine(folder);
    if (!examined) {
      add_error(findings, examined.error().text);
    } else if (examined->is_new && !may_be_new) {
      add_error(findings, missing_text(folder));
    } else {
      found.push_back({folder, examined->is_new, examined->is_taken, examined->entries});
    }
  }
  return found;
}

}  // namespace sallyport::load
