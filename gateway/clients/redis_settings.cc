#include "gateway/clients/redis_settings.h"

#include "gateway/base/text.h"
#include "gateway/config/option.h"
#include "gateway/crypto/digest.h"
#include "gateway/net/address.h"

namespace sallyport::clients {

using config::between;
using config::option;
using config::required;

std::span<const config::Option> RedisSentinelSettings::options() {
  using S = RedisSentinelSettings;
  static const std::array rows{
      required<&S::servers>("servers", "The sentinels, as `host:port`; asked in turn.",
                            config::not_empty()),
      required<&S::master>("master", "The name under which they watch the master.",
                           config::not_empty()),
      option<&S::username>("username", "User of the sentinels; empty: their default user."),
      option<&S::password>("password", "Password of the sentinels; none: they ask for none."),
  };
  return rows;
}

std::span<const config::Option> RedisTlsSettings::options() {
  using S = RedisTlsSettings;
  static const std::array rows{
      option<&S::ca_file>("ca_file",
                          "PEM file of the CAs that may vouch for the servers; none: "
                          "those of the system."),
      option<&S::server_name>("server_name",
                              "The name that the servers' certificates bear; empty: "
                              "the host that was connected to."),
  };
  return rows;
}

std::span<const config::Option> RedisSettings::options() {
  using S = RedisSettings;
  const auto wait = between(Milliseconds(10), Milliseconds(60'000));
  static const std::array rows{
      option<&S::servers>("servers",
                          "`host:port` or `unix:/path`; tried in turn until one is a "
                          "master. Without `tls`, this machine only."),
      option<&S::sentinel>("sentinel", "Instead of `servers`: who knows the master."),
      option<&S::username>("username", "User (ACL); empty: the default user."),
      option<&S::password>("password", "Password; none: no AUTH."),
      option<&S::database>("database", "Number of the database.", between(0, 1'000'000)),
      option<&S::tls>("tls", "TLS to servers and sentinels; their certificates are verified."),
      option<&S::connect_timeout>("connect_timeout", "For a connection to be usable.", wait),
      option<&S::command_timeout>("command_timeout", "For a reply; a late one ends the connection.",
                                  wait),
  };
  return rows;
}

Result<RedisServer> RedisServer::parse(std::string_view text) {
  const Error error{Fault::gateway, "is no server: write host:port, [v6]:port or unix:/path"};
  RedisServer server;
  constexpr std::string_view kUnix = "unix:";
  if (text.starts_with(kUnix)) {
    server.unix_path = text.substr(kUnix.size());
    if (!server.unix_path.starts_with('/') || server.unix_path.size() > 107) return error;
    return server;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return error;
  const auto port = parse_decimal<std::uint16_t>(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  const bool in_brackets = host.starts_with('[') && host.ends_with(']');
  if (in_brackets) host = host.substr(1, host.size() - 2);
  const bool has_colon = host.find(':') != std::string_view::npos;
  if (!port || *port == 0 || host.empty() || host.size() > 253 || in_brackets != has_colon) {
    return error;
  }
  if (host.find_first_of(" \t/@[]") != std::string_view::npos) return error;
  server.host = host;
  server.port = *port;
  return server;
}

std::string RedisServer::text() const {
  if (!unix_path.empty()) return "unix:" + unix_path;
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string RedisEndpoint::fingerprint() const {
  std::string text;
  const auto add = [&](std::string_view part) {
    text += std::to_string(part.size()) + ':' + std::string(part);
  };
  for (const RedisServer& server : servers) add(server.text());
  add("|");
  for (const RedisServer& server : sentinels) add(server.text());
  add(master);
  for (const RedisLogin* one : {&login, &sentinel_login}) {
    add(one->username);
    add(one->password);
    add(std::to_string(one->database));
  }
  add(tls ? "tls" : "");
  add(tls ? tls->ca_file : "");
  add(tls ? tls->server_name : "");
  add(std::to_string(connect_timeout.count()));
  add(std::to_string(command_timeout.count()));
  return to_hex(crypto::as_text(crypto::sha256(text)));
}

namespace {

bool is_here(const RedisServer& server) {
  if (!server.unix_path.empty() || server.host == "localhost") return true;
  const auto address = net::Address::parse(server.host);
  return address && address->is_loopback();
}

std::vector<RedisServer> parse_servers(const std::vector<config::At<std::string>>& texts,
                                       bool is_secure, config::Findings& findings) {
  std::vector<RedisServer> servers;
  for (const auto& text : texts) {
    auto server = RedisServer::parse(*text);
    if (!server) {
      findings.error(text.node, "\"" + *text + "\" " + server.error().text);
    } else if (!is_secure && !is_here(*server)) {
      findings.error(text.node,
                     "is on another machine: set `tls`, so that nobody in between can "
                     "read or change anything");
    } else if (is_secure && !server->unix_path.empty()) {
      findings.error(text.node, "is a Unix socket, which needs no `tls`: remove one of the two");
    } else {
      servers.push_back(*std::move(server));
    }
  }
  return servers;
}

}  // namespace

std::optional<RedisEndpoint> redis_endpoint(const RedisSettings& settings, const config::Node& node,
                                            config::Findings& findings) {
  const std::size_t before = findings.error_count();
  RedisEndpoint endpoint;
  if (settings.servers.empty() == !settings.sentinel) {
    findings.error(node, "needs either `servers` or `sentinel`");
  }
  if (!settings.username.empty() && settings.password.empty()) {
    findings.error(node, "has a `username` and no `password`");
  }
  const bool is_secure = settings.tls.has_value();
  endpoint.servers = parse_servers(settings.servers, is_secure, findings);
  endpoint.login = {settings.username, settings.password.reveal(), settings.database};
  if (settings.sentinel) {
    endpoint.sentinels = parse_servers(settings.sentinel->servers, is_secure, findings);
    endpoint.master = *settings.sentinel->master;
    endpoint.sentinel_login = {settings.sentinel->username, settings.sentinel->password.reveal(),
                               0};
  }
  if (settings.tls) endpoint.tls = {settings.tls->ca_file.path, settings.tls->server_name};
  endpoint.connect_timeout = settings.connect_timeout;
  endpoint.command_timeout = settings.command_timeout;
  if (findings.error_count() > before) return std::nullopt;
  return endpoint;
}

}  // namespace sallyport::clients
