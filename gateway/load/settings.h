#pragma once

// Settings is the configuration file as declared: each struct is a section, each row an option, and
// decoder, schema and reference are made of the same rows. Defaults stand here and nowhere else.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/option.h"
#include "gateway/config/values.h"
#include "gateway/load/settings_upstream.h"
#include "gateway/load/trust_settings.h"
#include "gateway/policy/route.h"
#include "gateway/server/error_profile.h"

namespace sallyport::load {

enum class Environment : std::uint8_t { production, sandbox };
constexpr auto option_names(Environment) {
  return std::array<std::pair<std::string_view, Environment>, 2>{
      {{"production", Environment::production}, {"sandbox", Environment::sandbox}}};
}

struct CertificateSettings {
  std::vector<std::string> names;
  config::File certificate;
  config::File key;
  std::string client_certificates;
  std::string issuers;
  bool insecure_skip_chain_check = false;
  bool is_default = false;
  static std::span<const config::Option> options();
};

struct TlsSettings {
  std::string min_version = "1.2";
  std::vector<std::string> protocols{"h2", "http/1.1"};
  std::vector<config::At<CertificateSettings>> certificates;
  static std::span<const config::Option> options();
};

struct ProxyProtocolSettings {
  std::vector<config::At<std::string>> from;
  Milliseconds timeout{5'000};
  bool require_checksum = false;
  static std::span<const config::Option> options();
};

enum class HopField : std::uint8_t { x_forwarded_for, forwarded };
constexpr auto option_names(HopField) {
  return std::array<std::pair<std::string_view, HopField>, 2>{
      {{"x-forwarded-for", HopField::x_forwarded_for}, {"forwarded", HopField::forwarded}}};
}

struct TrustedHopsSettings {
  std::vector<config::At<std::string>> proxies;
  HopField field = HopField::x_forwarded_for;
  static std::span<const config::Option> options();
};

struct ListenerSettings {
  std::string name;
  config::At<std::string> address;
  TlsSettings tls;
  std::optional<ProxyProtocolSettings> proxy_protocol;
  std::optional<TrustedHopsSettings> trusted_hops;
  static std::span<const config::Option> options();
};

struct RequestFieldsSettings {
  std::vector<config::At<std::string>> only;
  static std::span<const config::Option> options();
};

struct RouteSettings {
  std::string id;
  std::vector<std::string> hosts;
  config::At<std::vector<std::string>> paths;
  std::vector<std::string> methods;
  std::vector<config::At<std::string>> request_bodies;
  config::At<std::string> upstream;
  std::optional<config::At<std::string>> chain;
  config::Raw policies;
  std::optional<RequestFieldsSettings> request_fields;
  std::optional<config::At<std::string>> errors;
  policy::QueryRule query = policy::QueryRule::strict;
  bool log_path = true;
  static std::span<const config::Option> options();
};

struct TimeoutSettings {
  Milliseconds handshake{10'000};
  Milliseconds request_head{10'000};
  Milliseconds request_body{30'000};
  Milliseconds response_write{30'000};
  Milliseconds keep_alive{75'000};
  Milliseconds distrusted{10'000};
  Milliseconds discard_body{1'000};
  Milliseconds start_wait{5'000};
  Milliseconds min_drain{5'000};
  Milliseconds max_drain{30'000};
  static std::span<const config::Option> options();
};

// Http2Settings are limits of one HTTP/2 connection; see http/h2_limits.h.
struct Http2Settings {
  int streams = 100;
  config::Size stream_window{64 * 1024};
  config::Size connection_window{1024 * 1024};
  int continuations = 8;
  int resets = 100;
  int pings = 60;
  int settings = 30;
  int window_updates = 1000;
  int empty_data = 100;
  int priorities = 500;
  static std::span<const config::Option> options();
};

struct LimitSettings {
  int connections = 50'000;
  int connections_per_address = 4'096;
  int connects_per_address = 500;
  std::vector<config::At<std::string>> exempt{{"127.0.0.0/8", {}}, {"::1", {}}};
  int handshakes = 2'048;
  int handshakes_per_second = 2'000;
  int min_body_rate = 240;
  int min_response_rate = 240;
  std::optional<config::Size> memory;
  config::Size request_head{http::HeadLimits{}.max_head_bytes};
  config::Size request_line{http::HeadLimits{}.max_start_line};
  config::Size request_field{http::HeadLimits{}.max_field_bytes};
  int request_fields = static_cast<int>(http::HeadLimits{}.max_fields);
  config::Size request_body{std::uint64_t{8} * 1024 * 1024 * 1024};
  int requests_per_connection = 100'000;
  config::Size discard_body{256 * 1024};
  config::Size overhead{256 * 1024};
  Http2Settings http2;
  static std::span<const config::Option> options();
};

struct AdminSettings {
  std::optional<config::At<std::string>> socket;  // path of a Unix socket: reads and writes
  std::optional<config::At<std::string>> listen;  // loopback address: reads only
  std::vector<config::At<std::string>> hosts;     // names by which `listen` is asked as well
  static std::span<const config::Option> options();
};

struct ProcessSettings {
  config::At<bool> core_dumps{false, {}};
  static std::span<const config::Option> options();
};

enum class LogLevel : std::uint8_t { info, warn, error };
constexpr auto option_names(LogLevel) {
  return std::array<std::pair<std::string_view, LogLevel>, 3>{
      {{"info", LogLevel::info}, {"warn", LogLevel::warn}, {"error", LogLevel::error}}};
}

enum class LogFailure : std::uint8_t { serve, refuse };
constexpr auto option_names(LogFailure) {
  return std::array<std::pair<std::string_view, LogFailure>, 2>{
      {{"serve", LogFailure::serve}, {"refuse", LogFailure::refuse}}};
}

struct LogSettings {
  config::At<config::File> file;  // empty: standard output
  LogLevel level = LogLevel::info;
  int sample = 1;
  bool priorities = false;
  LogFailure on_failure = LogFailure::serve;
  static std::span<const config::Option> options();
};

struct RegisterSettings {
  config::File path;  // empty: in memory only
  Seconds keep{30 * 24 * 3600};
  int max_certificates = 4096;
  static std::span<const config::Option> options();
};

struct Settings {
  Environment environment = Environment::production;
  config::Raw workers;
  std::vector<config::At<ListenerSettings>> listeners;
  std::map<std::string, config::At<TrustStoreSettings>> trust_stores;
  std::map<std::string, config::At<UpstreamSettings>> upstreams;
  config::At<ResolverSettings> resolver;
  std::map<std::string, config::Raw> chains;
  std::vector<config::At<RouteSettings>> routes;
  policy::AmbiguousPaths ambiguous_paths = policy::AmbiguousPaths::reject;
  config::Raw modules;
  std::map<std::string, config::At<server::ErrorProfileSettings>> error_profiles;
  config::At<std::string> errors{"plaid", {}};
  TimeoutSettings timeouts;
  LimitSettings limits;
  AdminSettings admin;
  ProcessSettings process;
  LogSettings log;
  RegisterSettings certificate_register;
  static std::span<const config::Option> options();
};

}  // namespace sallyport::load
