#include <algorithm>
#include <set>

#include "gateway/load/loader.h"
#include "gateway/tls/server_context.h"

namespace sallyport::load {

void Loader::build_listeners() {
  std::set<std::string> names;
  std::set<std::string> addresses;
  for (const auto& listener : settings_.listeners) {
    if (!names.insert(listener->name).second) {
      findings_.error(listener.node, "there is another listener named \"" + listener->name + "\"");
    }
    auto address = parse_socket_address(*listener->address);
    if (!address) {
      findings_.error(listener->address.node, address.error().text);
    } else if (!addresses.insert(address->text).second) {
      findings_.error(listener->address.node, "another listener has this address");
    }
    auto tls = build_tls(*listener, listener.node);
    auto proxy = build_proxy(*listener);
    auto hops = build_hops(*listener);
    if (!address || !tls) continue;
    generation_.listeners.push_back(
        {listener->name, address->text, std::move(tls), std::move(proxy), std::move(hops)});
    loaded_.addresses.push_back(std::move(*address));
  }
}

net::PrefixSet Loader::read_peers(const std::vector<config::At<std::string>>& texts) {
  for (const auto& text : texts) {
    if (!text->ends_with("/0")) continue;
    findings_.error(text.node, "everybody could say who the client is; name the proxies");
  }
  return read_prefixes(texts);
}

std::shared_ptr<const server::ProxyPlan> Loader::build_proxy(const ListenerSettings& settings) {
  if (!settings.proxy_protocol) return nullptr;
  auto plan = std::make_shared<server::ProxyPlan>();
  plan->from = read_peers(settings.proxy_protocol->from);
  plan->timeout = settings.proxy_protocol->timeout;
  plan->require_checksum = settings.proxy_protocol->require_checksum;
  return plan;
}

std::shared_ptr<const server::HopPlan> Loader::build_hops(const ListenerSettings& settings) {
  if (!settings.trusted_hops) return nullptr;
  auto plan = std::make_shared<server::HopPlan>();
  plan->proxies = read_peers(settings.trusted_hops->proxies);
  plan->is_x_forwarded_for = settings.trusted_hops->field == HopField::x_forwarded_for;
  return plan;
}

std::shared_ptr<const tls::ServerConfig> Loader::build_tls(const ListenerSettings& settings,
                                                           const config::Node& node) {
  auto config = std::make_shared<tls::ServerConfig>();
  config->listener = settings.name;
  config->alpn = settings.tls.protocols;
  if (config->alpn.empty()) {
    findings_.error(node, "tls.protocols is empty: name h2, http/1.1, or both");
    return nullptr;
  }
  config->min_version =
      settings.tls.min_version == "1.3" ? tls::Version::tls13 : tls::Version::tls12;
  for (const auto& certificate : settings.tls.certificates) {
    auto entry = build_sni_entry(certificate, settings.name);
    if (!entry) continue;
    if (certificate->is_default) {
      if (config->default_entry) {
        findings_.error(certificate.node, "another certificate of this listener is the default");
      }
      config->default_entry = config->entries.size();
    }
    config->entries.push_back(std::move(*entry));
  }
  if (config->entries.size() != settings.tls.certificates.size()) return nullptr;
  // The workers make theirs of the same configuration, so that they cannot fail.
  if (auto tried = tls::ServerContext::make(config, nullptr); !tried) {
    findings_.error(node, tried.error().text);
    return nullptr;
  }
  return config;
}

std::optional<tls::SniEntry> Loader::build_sni_entry(
    const config::At<CertificateSettings>& settings, const std::string& listener) {
  tls::SniEntry entry;
  entry.names = settings->names;
  entry.id = settings->names.empty() ? "" : settings->names.front();
  entry.credentials = load_credentials(*settings, settings.node);
  const bool good = entry.credentials != nullptr;
  if (good) {
    loaded_.served.push_back({listener, entry.id, settings->certificate.path, entry.credentials});
  }
  if (settings->client_certificates.empty()) return good ? std::optional(entry) : std::nullopt;
  entry.trust = find_trust_store(settings->client_certificates, settings.node);
  return good && entry.trust ? std::optional(entry) : std::nullopt;
}

}  // namespace sallyport::load
