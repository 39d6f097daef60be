#include "gateway/clients/fetch.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/clients/fetch_job.h"
#include "gateway/net/address.h"
#include "gateway/tls/client_context.h"
#include "gateway/tls/trust_store.h"

namespace sallyport::clients {
namespace {

Error refused(const Url& url, std::string_view why) {
  return {Fault::gateway, url.authority() + ": " + std::string(why)};
}

}  // namespace

std::optional<Seconds> max_age_of(std::string_view cache_control) {
  constexpr std::string_view kMaxAge = "max-age=";
  constexpr std::int64_t kLongest = 365 * 24 * 3600;
  std::optional<Seconds> found;
  for_each_piece(cache_control, ',', [&](std::string_view piece) {
    const std::string_view directive = trim(piece);
    if (equals_ignoring_case(directive, "no-store") ||
        equals_ignoring_case(directive, "no-cache")) {
      found = Seconds(0);
    } else if (equals_ignoring_case(directive.substr(0, kMaxAge.size()), kMaxAge)) {
      std::string_view value = directive.substr(kMaxAge.size());
      if (value.size() > 1 && value.front() == '"' && value.back() == '"') {
        value = value.substr(1, value.size() - 2);
      }
      const auto seconds = parse_decimal<std::int64_t>(value);
      // Two of them, or one that makes no sense: the shorter time harms least.
      const Seconds age(std::min(seconds.value_or(0), kLongest));
      found = found ? std::min(*found, age) : age;
    }
  });
  return found;
}

Result<void> is_fetchable(const Url& url) {
  if (url.is_secure || url.host == "localhost") return {};
  const auto address = net::Address::parse(url.host);
  if (address && address->is_loopback()) return {};
  return refused(url, "plain http is for loopback addresses only: use https");
}

Result<std::shared_ptr<const tls::ClientConfig>> load_outbound(const OutboundFiles& files,
                                                               WallTime now) {
  auto loaded = files.ca.empty() ? tls::TrustStore::load_system(now)
                                 : tls::TrustStore::load("outbound", files.ca, now);
  if (!loaded) return loaded.error();
  auto config = std::make_shared<tls::ClientConfig>();
  config->trust = std::move(loaded->store);
  if (!files.certificate.empty()) {
    auto credentials = tls::Credentials::load(files.certificate, files.key, now);
    if (!credentials) return credentials.error();
    config->credentials = std::move(credentials->credentials);
  }
  return std::shared_ptr<const tls::ClientConfig>(std::move(config));
}

Result<std::shared_ptr<tls::ClientContext>> outbound_context(const tls::ClientConfig& config) {
  return tls::ClientContext::make(config);
}

Result<std::shared_ptr<tls::ClientContext>> outbound_tls(const std::string& ca_file, WallTime now) {
  auto config = load_outbound({.ca = ca_file, .certificate = {}, .key = {}}, now);
  if (!config) return config.error();
  return outbound_context(**config);
}

Fetcher::Fetcher(event::Loop& loop, std::shared_ptr<tls::ClientContext> tls,
                 Connections connections)
    : loop_(loop),
      tls_(std::move(tls)),
      idle_(connections == Connections::keep ? std::make_shared<IdleConnections>() : nullptr) {}

event::Task<FetchResponse> Fetcher::fetch(FetchRequest request, FetchLimits limits) const {
  event::Promise<FetchResponse> promise(loop_);
  auto task = promise.task();
  if (auto allowed = is_fetchable(request.url); !allowed) {
    promise.complete(allowed.error());
    return task;
  }
  if (request.url.is_secure && tls_ == nullptr) {
    promise.complete(refused(request.url, "https is not set up here"));
    return task;
  }
  auto job = std::make_shared<FetchJob>(loop_, tls_, std::move(request), limits, idle_, promise);
  // The task owns the job: it lives as long as somebody may still want the answer.
  promise.on_cancel([job] {});
  job->start();
  return task;
}

}  // namespace sallyport::clients
