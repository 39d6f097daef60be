#pragma once

// How the configuration names a Redis: RedisSettings is the table of options for every module that
// uses one, RedisEndpoint what they come to.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/result.h"
#include "gateway/config/values.h"

namespace sallyport::clients {

struct RedisSentinelSettings {
  std::vector<config::At<std::string>> servers;
  config::At<std::string> master;
  std::string username;
  config::Secret password;
  static std::span<const config::Option> options();
};

struct RedisTlsSettings {
  config::File ca_file;
  std::string server_name;
  static std::span<const config::Option> options();
};

struct RedisSettings {
  std::vector<config::At<std::string>> servers;
  std::optional<RedisSentinelSettings> sentinel;
  std::string username;
  config::Secret password;
  int database = 0;
  std::optional<RedisTlsSettings> tls;
  Milliseconds connect_timeout{1000};
  Milliseconds command_timeout{1000};
  static std::span<const config::Option> options();
};

// RedisServer is one address of a server or sentinel.
struct RedisServer {
  std::string host;  // IPv6 without brackets
  std::uint16_t port = 0;
  std::string unix_path;  // instead of host and port

  // parse reads "host:port", "[v6]:port" or "unix:/path".
  static Result<RedisServer> parse(std::string_view text);
  std::string text() const;
  friend bool operator==(const RedisServer&, const RedisServer&) = default;
};

struct RedisLogin {
  std::string username;  // empty: the default user
  std::string password;  // empty: no AUTH
  int database = 0;
};

struct RedisTls {
  std::string ca_file;      // empty: the system's CAs
  std::string server_name;  // empty: the server's host
};

struct RedisEndpoint {
  std::vector<RedisServer> servers;    // tried in turn; or else
  std::vector<RedisServer> sentinels;  // that are asked for
  std::string master;                  // the master of this name
  RedisLogin login;
  RedisLogin sentinel_login;
  std::optional<RedisTls> tls;
  Milliseconds connect_timeout{1000};
  Milliseconds command_timeout{1000};

  // fingerprint tells two endpoints apart, secrets included, without showing them: part of the key
  // of a service that depends on one.
  std::string fingerprint() const;
};

// redis_endpoint checks what the options say together; nothing: `findings` says why. `node` is
// where the settings stand. Without TLS, only this machine may be named.
std::optional<RedisEndpoint> redis_endpoint(const RedisSettings& settings, const config::Node& node,
                                            config::Findings& findings);

}  // namespace sallyport::clients
