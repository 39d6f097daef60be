#pragma once

// load turns a configuration file into a generation. `check`, start-up and reload all come through
// here, so that what check accepts is what starts.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/findings.h"
#include "gateway/event/resolver.h"
#include "gateway/load/addresses.h"
#include "gateway/load/services.h"
#include "gateway/load/settings.h"
#include "gateway/load/watched_files.h"
#include "gateway/metrics/metrics.h"
#include "gateway/server/generation.h"

namespace sallyport::load {

// ServedCertificate is a certificate that is shown under some server names of a listener.
struct ServedCertificate {
  std::string listener;
  std::string name;  // the first server name
  std::string file;
  std::shared_ptr<const tls::Credentials> credentials;
};

// StaleFile is one whose new content could not be used: what was read before goes on.
struct StaleFile {
  std::string_view kind;  // "certificate" or "trust_store"
  std::string name;       // of the configuration
  std::string reason;
};

// ServerName is a server that the configuration names by a name.
struct ServerName {
  config::Node node;
  std::string host;
};

// Loaded is a configuration that is good: the generation, and what control itself needs of it.
struct Loaded {
  std::shared_ptr<server::Generation> generation;
  std::vector<SocketAddress> addresses;  // by listener index
  unsigned workers = 1;
  Environment environment = Environment::production;
  Milliseconds start_wait{0};
  Milliseconds min_drain{0};
  Milliseconds max_drain{0};
  std::uint64_t memory = 0;  // bytes that the process may have
  bool core_dumps = false;
  LogSettings log;
  std::string admin_socket;
  std::optional<SocketAddress> admin_listen;
  std::vector<std::string> admin_hosts;
  std::shared_ptr<const config::Node> document;  // what all this was decoded from
  std::map<std::string, std::shared_ptr<const tls::TrustStore>, std::less<>> trust_stores;
  std::vector<ServedCertificate> served;
  WatchedFiles watched;  // files and folders that the above was read from
  std::vector<StaleFile> stale;
  RegisterSettings certificate_register;
  event::ResolverSettings resolver;
  std::vector<ServerName> server_names;
  // What the plans depend on lives as long as the configuration runs. It is owned here and not by
  // plans, which a worker may be the last to let go of.
  std::vector<std::shared_ptr<policy::Service>> services;
};

// load reads, decodes and builds everything, and adds a finding for every mistake. It returns
// nothing when there is any error. Services that it makes are not started.
std::optional<Loaded> load(const std::string& path, Services& services, metrics::Registry& registry,
                           config::Findings& findings);

// load_again does the same with the document that runs, for when files that it names have changed:
// an edit of the configuration itself waits for a reload. A certificate or trust store that cannot
// be used (half-written, a key that does not belong to it) goes on as it was: see Loaded::stale.
std::optional<Loaded> load_again(const Loaded& running, Services& services,
                                 metrics::Registry& registry, config::Findings& findings);

}  // namespace sallyport::load
