#pragma once

// The section `upstreams`, and how names in it are looked up.

#include <optional>
#include <string>
#include <vector>

#include "gateway/config/option.h"
#include "gateway/config/values.h"
#include "gateway/http/head_scan.h"
#include "gateway/proxy/server_directory.h"

namespace sallyport::load {

// ServerSettings reads "host:port" or {address: "host:port", weight: 2}.
struct ServerSettings {
  std::string address;
  int weight = 1;
  static std::span<const config::Option> options();
};

struct UpstreamTlsSettings {
  config::At<config::File> ca_file;
  std::string server_name;
  config::At<config::File> certificate;
  config::At<config::File> key;
  std::vector<config::At<std::string>> pins;
  std::string min_version = "1.2";
  Milliseconds handshake_timeout{5'000};
  config::At<bool> insecure_skip_verify;
  static std::span<const config::Option> options();
};

struct HealthSettings {
  config::At<std::string> path;
  std::string host;
  Milliseconds interval{5'000};
  Milliseconds timeout{2'000};
  std::vector<int> expect{200};
  int rise = 2;
  int fall = 3;
  static std::span<const config::Option> options();
};

struct AnswerLimitSettings {
  config::Size response_head{http::HeadLimits{}.max_head_bytes};
  config::Size status_line{http::HeadLimits{}.max_start_line};
  config::Size response_field{http::HeadLimits{}.max_field_bytes};
  int response_fields = static_cast<int>(http::HeadLimits{}.max_fields);
  static std::span<const config::Option> options();
};

struct UpstreamSettings {
  std::vector<config::At<ServerSettings>> servers;
  std::string host;
  std::optional<config::At<UpstreamTlsSettings>> tls;
  proxy::Protocol protocol = proxy::Protocol::http1;
  bool reuse_after_content = false;
  Milliseconds resolve_every{30'000};
  Milliseconds connect_timeout{2'000};
  Milliseconds response_timeout{30'000};
  Milliseconds idle_timeout{30'000};
  Milliseconds keep_alive{60'000};
  int max_connections = 1024;
  int max_idle = 64;
  int max_pending = 128;
  Milliseconds queue_timeout{200};
  int retries = 1;
  int retry_budget = 20;
  AnswerLimitSettings limits;
  std::optional<HealthSettings> health;
  int eject_after = 5;
  Milliseconds eject_for{10'000};
  int max_ejected = 50;
  Milliseconds slow_start{0};
  static std::span<const config::Option> options();
};

struct ResolverSettings {
  std::vector<config::At<std::string>> nameservers;
  Milliseconds timeout{2'000};
  int attempts = 2;
  proxy::PreferredFamily prefer = proxy::PreferredFamily::ipv4;
  static std::span<const config::Option> options();
};

}  // namespace sallyport::load

namespace sallyport::config {

template <>
struct Codec<load::ServerSettings> {
  static bool decode(const Node& node, load::ServerSettings& out, Findings& findings) {
    if (node.is_mapping()) {
      return decode_options(node, load::ServerSettings::options(), &out, findings);
    }
    return Codec<std::string>::decode(node, out.address, findings);
  }
  static std::string type() { return "text or mapping"; }
  static std::string schema(const Keywords&) {
    return "{\"anyOf\":[{\"type\":\"string\"}," + object_schema(load::ServerSettings::options()) +
           "]}";
  }
  static std::string json(const load::ServerSettings&) { return {}; }
  static Nested nested() { return {"", &load::ServerSettings::options}; }
};

}  // namespace sallyport::config
