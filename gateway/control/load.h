#pragma once

// load turns a configuration file into a generation. `check`, start-up and reload all come through
// here, so that what check accepts is what starts.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/findings.h"
#include "gateway/control/addresses.h"
#include "gateway/control/services.h"
#include "gateway/control/settings.h"
#include "gateway/event/resolver.h"
#include "gateway/observe/metrics.h"
#include "gateway/server/generation.h"

namespace sallyport::control {

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
  Milliseconds min_drain{0};
  Milliseconds max_drain{0};
  std::uint64_t memory = 0;  // bytes that the process may have
  std::string admin_socket;
  std::optional<SocketAddress> admin_listen;
  event::ResolverSettings resolver;
  std::vector<ServerName> server_names;
  // What the plans depend on lives as long as the configuration runs. It is owned here and not by
  // plans, which a worker may be the last to let go of.
  std::vector<std::shared_ptr<policy::Service>> services;
};

// load reads, decodes and builds everything, and adds a finding for every mistake. It returns
// nothing when there is any error. Services that it makes are not started.
std::optional<Loaded> load(const std::string& path, Services& services,
                           observe::Registry& registry, config::Findings& findings);

}  // namespace sallyport::control
