#pragma once

// Loader builds one generation from decoded settings, section by section. Everything that is wrong
// becomes a finding at its place; building goes on, so that all mistakes are found at once.

#include <map>
#include <memory>
#include <string>

#include "gateway/load/load.h"
#include "gateway/policy/module.h"
#include "gateway/tls/server_context.h"
#include "gateway/tls/trust_store.h"

namespace sallyport::load {

class Loader final : private policy::LoadContext {
 public:
  // With `last_good`, a certificate or trust store whose files cannot be used goes on as it is
  // there, with a warning: see load_again.
  Loader(const Settings& settings, Services& services, metrics::Registry& registry,
         config::Findings& findings, const Loaded* last_good = nullptr);

  void build();
  Loaded take() { return std::move(loaded_); }

 private:
  // policy::LoadContext.
  config::Findings& findings() override { return findings_; }
  const config::Node* shared_node(std::string_view module) const override;
  bool trust_store_exists(std::string_view name) const override;
  std::vector<policy::IssuerTerms> issuer_terms() const override;
  bool is_production() const override;
  std::shared_ptr<policy::Service> find_or_make(std::type_index type, const std::string& key,
                                                const Services::Make& make) override;

  // load_process.cc
  void build_process();
  void build_log();
  void build_limits();
  void build_overload_limits();
  // read_prefixes adds a finding for every text that is neither address, block nor range.
  net::PrefixSet read_prefixes(const std::vector<config::At<std::string>>& texts);
  void build_admin();
  // load_trust.cc
  void build_trust_stores();
  void keep_trust_store(const std::string& name, const config::Findings& why,
                        const config::Node& node);
  std::shared_ptr<const tls::TrustStore> find_trust_store(const std::string& name,
                                                          const config::Node& node);
  // load_served.cc
  std::shared_ptr<const tls::Credentials> load_credentials(const CertificateSettings& settings,
                                                           const config::Node& node);
  void warn_of_revocation(const tls::Credentials& credentials, const std::string& file,
                          const config::Node& node);
  std::shared_ptr<const tls::Credentials> keep_credentials(const CertificateSettings& settings,
                                                           const config::Node& node,
                                                           const std::string& why);
  std::optional<std::string> served_chain_problem(const tls::Credentials& credentials,
                                                  const CertificateSettings& settings,
                                                  const config::Node& node);
  const tls::TrustStore* system_store(const config::Node& node);
  // load_listeners.cc
  void build_listeners();
  // read_peers is read_prefixes for those whose word is believed: never everybody.
  net::PrefixSet read_peers(const std::vector<config::At<std::string>>& texts);
  std::shared_ptr<const server::ProxyPlan> build_proxy(const ListenerSettings& settings);
  std::shared_ptr<const server::HopPlan> build_hops(const ListenerSettings& settings);
  std::shared_ptr<const tls::ServerConfig> build_tls(const ListenerSettings& settings,
                                                     const config::Node& node);
  std::optional<tls::SniEntry> build_sni_entry(const config::At<CertificateSettings>& settings,
                                               const std::string& listener);
  // load_upstreams.cc
  void build_resolver();
  void build_upstreams();
  void build_upstream(const std::string& name, const config::At<UpstreamSettings>& settings);
  std::optional<proxy::ServerSpec> build_server(const config::At<ServerSettings>& settings);
  std::shared_ptr<const proxy::UpstreamTls> build_upstream_tls(
      const std::string& name, const config::At<UpstreamTlsSettings>& settings,
      proxy::Protocol protocol);
  void judge_insecure(const UpstreamTlsSettings& settings);
  std::shared_ptr<const tls::TrustStore> upstream_trust(const std::string& name,
                                                        const UpstreamTlsSettings& settings,
                                                        const config::Node& node);
  std::shared_ptr<const tls::Credentials> upstream_credentials(const UpstreamTlsSettings& settings,
                                                               const config::Node& node);
  // load_routes.cc
  void build_error_profiles();
  void check_modules();
  void build_routes();
  void build_route(const RouteSettings& settings, const config::Node& node);
  void build_request_bodies(const RouteSettings& settings, policy::Route& route);
  config::Node policies_of(const RouteSettings& settings, const config::Node& node);
  std::optional<std::size_t> find_error_profile(const config::At<std::string>& name);
  void register_metrics();

  const Settings& settings_;
  Services& services_;
  metrics::Registry& registry_;
  config::Findings& findings_;
  Loaded loaded_;
  server::Generation& generation_;
  const Loaded* const last_good_;
  std::map<std::string, std::size_t, std::less<>> upstream_index_;
  std::shared_ptr<const tls::TrustStore> system_trust_;  // read when first needed
};

}  // namespace sallyport::load
