// What the gateway itself shows: loaded, and verified as a caller would.

#include <algorithm>

#include "gateway/load/loader.h"
#include "gateway/tls/path_check.h"

namespace sallyport::load {

std::shared_ptr<const tls::Credentials> Loader::load_credentials(
    const CertificateSettings& settings, const config::Node& node) {
  loaded_.watched.add(settings.certificate.path);
  loaded_.watched.add(settings.key.path);
  auto loaded = tls::Credentials::load(settings.certificate.path, settings.key.path, wall_now());
  // Certificate and key are two files: between the writing of one and the other they do not match.
  if (!loaded) return keep_credentials(settings, node, loaded.error().text);
  for (const std::string& warning : loaded->warnings) findings_.warning(node, warning);
  warn_of_revocation(*loaded->credentials, settings.certificate.path, node);
  for (const std::string& note : loaded->notes) findings_.note(node, note);

  const auto problem = served_chain_problem(*loaded->credentials, settings, node);
  if (!problem) return loaded->credentials;
  const std::string what = settings.certificate.path + ": callers will refuse it: " + *problem;
  if (loaded_.environment == Environment::sandbox || settings.insecure_skip_chain_check) {
    findings_.warning(node, what);
    return loaded->credentials;
  }
  return keep_credentials(settings, node,
                          what +
                              "; use one of a CA that they trust, name a private one in "
                              "`issuers`, or write `environment: sandbox`");
}

// warn_of_revocation: what we show ourselves may stand on a list that we read of others.
void Loader::warn_of_revocation(const tls::Credentials& credentials, const std::string& file,
                                const config::Node& node) {
  const crypto::CertificateView& leaf = credentials.leaf();
  for (const auto& [name, store] : loaded_.trust_stores) {
    const auto* list = store->crls() == nullptr ? nullptr : store->crls()->revoker(leaf);
    if (list == nullptr) continue;
    findings_.warning(node, file + ": the certificate of " + leaf.subject + " (serial " +
                                leaf.serial + ") is on the revocation list of " + list->issuer +
                                " (" + list->file + ", trust store " + name +
                                "): whoever reads that list refuses it. " +
                                "It is used all the same; renew it");
  }
}

// keep_credentials goes on with those that run, if there are any.
std::shared_ptr<const tls::Credentials> Loader::keep_credentials(
    const CertificateSettings& settings, const config::Node& node, const std::string& why) {
  if (last_good_ == nullptr) {
    findings_.error(node, why);
    return nullptr;
  }
  const auto& served = last_good_->served;
  const auto known = std::find_if(served.begin(), served.end(), [&](const auto& other) {
    return other.file == settings.certificate.path && other.name == settings.names.front();
  });
  findings_.warning(node, why + "; the certificate goes on as it was");
  loaded_.stale.push_back({"certificate", known->name, why});
  return known->credentials;
}

std::optional<std::string> Loader::served_chain_problem(const tls::Credentials& credentials,
                                                        const CertificateSettings& settings,
                                                        const config::Node& node) {
  if (credentials.leaf().subject == credentials.leaf().issuer) {
    return "the certificate of " + credentials.leaf().subject + " is self-signed";
  }
  std::shared_ptr<const tls::TrustStore> named;
  if (!settings.issuers.empty()) {
    named = find_trust_store(settings.issuers, node);
    if (!named) return std::nullopt;  // has had its say
  }
  const tls::TrustStore* store = named ? named.get() : system_store(node);
  if (store == nullptr) return "there is nothing to verify it with";
  for (std::string name : settings.names) {
    // RFC 9525 section 6.3: only a wildcard in the certificate serves any one label.
    if (name.starts_with("*.")) name.replace(0, 1, "any-label");
    const tls::Expectation expected{tls::Expectation::Role::server, name};
    auto checked = tls::check_path(credentials.chain(), *store, expected, wall_now());
    if (auto* refusal = std::get_if<tls::CertificateRefusal>(&checked)) {
      return std::move(refusal->text);
    }
  }
  return std::nullopt;
}

const tls::TrustStore* Loader::system_store(const config::Node& node) {
  if (system_trust_) return system_trust_.get();
  auto loaded = tls::TrustStore::load_system(wall_now());
  if (loaded) {
    system_trust_ = loaded->store;
  } else {
    findings_.warning(node, loaded.error().text);
  }
  return system_trust_.get();
}

}  // namespace sallyport::load
