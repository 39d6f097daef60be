#include <algorithm>

#include "gateway/crypto/base64.h"
#include "gateway/crypto/digest.h"
#include "gateway/load/loader.h"
#include "gateway/proxy/server_directory.h"

namespace sallyport::load {
namespace {

constexpr std::string_view kPinPrefix = "sha256/";

// text_of is the same for equal parts of two configurations, and differs for others.
void text_of(const config::Node& node, std::string& out) {
  out += std::to_string(node.scalar.size()) + ":" + node.scalar + "[";
  for (const auto& item : node.items) text_of(item, out);
  for (const auto& member : node.members) {
    out += member.key + "=";
    text_of(member.value, out);
  }
  out += "]";
}

bool is_path(std::string_view text) {
  return text.starts_with('/') && std::all_of(text.begin(), text.end(), [](char c) {
           return c > ' ' && c < 0x7f && c != '?' && c != '#';
         });
}

// parse_pin reads what `openssl … | openssl base64` writes: base64 with its one sign of padding.
std::optional<crypto::Sha256> parse_pin(std::string_view text) {
  if (!text.starts_with(kPinPrefix) || !text.ends_with('=')) return std::nullopt;
  std::string url(text.substr(kPinPrefix.size()));
  url.pop_back();
  for (char& c : url) {
    if (c == '-' || c == '_') return std::nullopt;
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  const auto bytes = crypto::decode_base64url(url);
  crypto::Sha256 pin;
  if (!bytes || bytes->size() != pin.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), pin.begin());
  return pin;
}

// In plain text nothing negotiates, and all servers know HTTP/1.1.
proxy::Protocol protocol_of(const UpstreamSettings& settings) {
  const bool is_plain = settings.protocol == proxy::Protocol::negotiated && !settings.tls;
  return is_plain ? proxy::Protocol::http1 : settings.protocol;
}

// alpn_of is what is offered, the best first.
std::vector<std::string> alpn_of(proxy::Protocol protocol) {
  switch (protocol) {
    case proxy::Protocol::http1:
      break;
    case proxy::Protocol::h2:
      return {"h2"};
    case proxy::Protocol::negotiated:
      return {"h2", "http/1.1"};
  }
  return {"http/1.1"};
}

proxy::Upstream plain_options(const std::string& name, const UpstreamSettings& settings) {
  proxy::Upstream upstream;
  upstream.name = name;
  upstream.host = settings.host;
  upstream.protocol = protocol_of(settings);
  upstream.reuse_after_content = settings.reuse_after_content;
  upstream.connect_timeout = settings.connect_timeout;
  // HTTP/2 without TLS has a handshake, too.
  upstream.handshake_timeout = settings.tls ? settings.tls->value.handshake_timeout
                                            : UpstreamTlsSettings{}.handshake_timeout;
  upstream.response_timeout = settings.response_timeout;
  upstream.idle_timeout = settings.idle_timeout;
  upstream.keep_alive = settings.keep_alive;
  upstream.queue_timeout = settings.queue_timeout;
  upstream.slow_start = settings.slow_start;
  upstream.max_connections = static_cast<std::size_t>(settings.max_connections);
  upstream.max_idle = static_cast<std::size_t>(settings.max_idle);
  upstream.max_pending = static_cast<std::size_t>(settings.max_pending);
  upstream.head_limits = {.max_head_bytes = settings.limits.response_head.bytes,
                          .max_start_line = settings.limits.status_line.bytes,
                          .max_fields = static_cast<std::size_t>(settings.limits.response_fields),
                          .max_field_bytes = settings.limits.response_field.bytes};
  upstream.retries = static_cast<unsigned>(settings.retries);
  upstream.retry_budget = static_cast<unsigned>(settings.retry_budget);
  upstream.ejection = {static_cast<unsigned>(settings.eject_after), settings.eject_for,
                       static_cast<unsigned>(settings.max_ejected)};
  return upstream;
}

proxy::HealthRules health_rules(const HealthSettings& settings, const std::string& host) {
  return {*settings.path,
          settings.host.empty() ? host : settings.host,
          settings.expect,
          settings.interval,
          settings.timeout,
          static_cast<unsigned>(settings.rise),
          static_cast<unsigned>(settings.fall)};
}

}  // namespace

void Loader::build_resolver() {
  for (const auto& server : settings_.resolver->nameservers) {
    const std::string with_port = net::Address::parse(*server) ? *server + ":53" : *server;
    if (!net::Address::parse(*server) && !parse_socket_address(with_port)) {
      findings_.error(server.node, "\"" + *server +
                                       "\" is no address: write 192.0.2.53 or "
                                       "127.0.0.1:5353");
    }
    loaded_.resolver.nameservers.push_back(*server);
  }
  loaded_.resolver.timeout = settings_.resolver->timeout;
  loaded_.resolver.attempts = settings_.resolver->attempts;
}

void Loader::build_upstreams() {
  for (const auto& [name, settings] : settings_.upstreams) build_upstream(name, settings);
}

void Loader::build_upstream(const std::string& name, const config::At<UpstreamSettings>& settings) {
  proxy::DirectorySettings directory;
  proxy::Upstream& upstream = directory.upstream;
  upstream = plain_options(name, *settings);
  std::string key = name + "\n";
  text_of(settings.node, key);
  text_of(settings_.resolver.node, key);
  for (const auto& server : settings->servers) {
    auto spec = build_server(server);
    if (!spec) continue;
    const bool needs_name = settings->tls && spec->host.empty();
    if (needs_name && (*settings->tls)->server_name.empty()) {
      findings_.error(settings->tls->node, "needs `server_name`: a Unix socket has none");
    }
    directory.servers.push_back(std::move(*spec));
  }
  if (settings->tls) {
    upstream.tls = build_upstream_tls(name, *settings->tls, upstream.protocol);
    directory.tls_name = (*settings->tls)->server_name;
    if (upstream.tls && upstream.tls->config.trust) {
      key += crypto::as_text(upstream.tls->config.trust->digest());
    }
    if (upstream.tls && upstream.tls->config.credentials) {
      key += crypto::as_text(upstream.tls->config.credentials->leaf().sha256);
    }
  }
  if (settings->health) {
    if (!is_path(*settings->health->path)) {
      findings_.error(settings->health->path.node, "is no path: write /healthz, without a query");
    }
    directory.health = health_rules(*settings->health, settings->host);
  }
  directory.resolver = loaded_.resolver;
  directory.prefer = settings_.resolver->prefer;
  directory.resolve_every = settings->resolve_every;
  upstream.slots = proxy::UpstreamSlots::make(registry_, name);
  upstream_index_[name] = generation_.upstreams.size();
  generation_.upstreams.push_back(upstream);
  const auto service = find_or_make(typeid(proxy::ServerDirectory), key, [&] {
    return std::make_shared<proxy::ServerDirectory>(std::move(directory));
  });
  generation_.upstreams.back().feed =
      std::static_pointer_cast<proxy::ServerDirectory>(service)->feed();
}

std::optional<proxy::ServerSpec> Loader::build_server(const config::At<ServerSettings>& settings) {
  auto spec = parse_server(settings->address);
  if (!spec) {
    findings_.error(settings.node, spec.error().text);
    return std::nullopt;
  }
  spec->weight = static_cast<unsigned>(settings->weight);
  if (spec->is_name()) loaded_.server_names.push_back({settings.node, spec->host});
  return *std::move(spec);
}

std::shared_ptr<const proxy::UpstreamTls> Loader::build_upstream_tls(
    const std::string& name, const config::At<UpstreamTlsSettings>& settings,
    proxy::Protocol protocol) {
  auto made = std::make_shared<proxy::UpstreamTls>();
  tls::ClientConfig& config = made->config;
  config.alpn = alpn_of(protocol);
  config.min_version = settings->min_version == "1.3" ? tls::Version::tls13 : tls::Version::tls12;
  config.insecure_skip_verify = *settings->insecure_skip_verify;
  config.credentials = upstream_credentials(*settings, settings.node);
  for (const auto& text : settings->pins) {
    if (const auto pin = parse_pin(*text)) {
      made->pins.push_back(*pin);
    } else {
      findings_.error(text.node, "is no pin: write sha256/ and 44 characters of base64");
    }
  }
  if (config.insecure_skip_verify) {
    judge_insecure(*settings);
  } else if (config.trust = upstream_trust(name, *settings, settings.node); !config.trust) {
    return nullptr;
  }
  if (const auto tried = tls::ClientContext::make(config); !tried) {
    findings_.error(settings.node, tried.error().text);
    return nullptr;
  }
  return made;
}

void Loader::judge_insecure(const UpstreamTlsSettings& settings) {
  const config::Node& node = settings.insecure_skip_verify.node;
  const std::string what = "whoever answers in the upstream's place is believed";
  if (loaded_.environment == Environment::production) {
    findings_.error(node, what + ": use `ca_file` or `environment: sandbox`");
  } else {
    findings_.warning(node, what);
  }
  if (!settings.pins.empty()) findings_.error(node, "contradicts `pins`: remove one of the two");
}

std::shared_ptr<const tls::TrustStore> Loader::upstream_trust(const std::string& name,
                                                              const UpstreamTlsSettings& settings,
                                                              const config::Node& node) {
  const bool is_system = settings.ca_file->empty();
  if (is_system && system_trust_) return system_trust_;
  if (!is_system) loaded_.watched.add(settings.ca_file->path);
  auto loaded = is_system
                    ? tls::TrustStore::load_system(wall_now())
                    : tls::TrustStore::load("upstream " + name, settings.ca_file->path, wall_now());
  const config::Node& at = is_system ? node : settings.ca_file.node;
  if (!loaded) {
    findings_.error(at, loaded.error().text);
    return nullptr;
  }
  if (is_system) return system_trust_ = loaded->store;
  for (const std::string& warning : loaded->warnings) findings_.warning(at, warning);
  for (const std::string& note : loaded->notes) findings_.note(at, note);
  return loaded->store;
}

std::shared_ptr<const tls::Credentials> Loader::upstream_credentials(
    const UpstreamTlsSettings& settings, const config::Node& node) {
  if (settings.certificate->empty() && settings.key->empty()) return nullptr;
  if (settings.certificate->empty() || settings.key->empty()) {
    findings_.error(node, "needs both `certificate` and `key`, or neither");
    return nullptr;
  }
  loaded_.watched.add(settings.certificate->path);
  loaded_.watched.add(settings.key->path);
  auto loaded = tls::Credentials::load(settings.certificate->path, settings.key->path, wall_now());
  if (!loaded) {
    findings_.error(settings.certificate.node, loaded.error().text);
    return nullptr;
  }
  for (const std::string& warning : loaded->warnings) {
    findings_.warning(settings.certificate.node, warning);
  }
  warn_of_revocation(*loaded->credentials, settings.certificate->path, settings.certificate.node);
  for (const std::string& note : loaded->notes) findings_.note(settings.certificate.node, note);
  return loaded->credentials;
}

}  // namespace sallyport::load
