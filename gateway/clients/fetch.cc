#include "gateway/clients/fetch.h"

#include <algorithm>

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

Result<void> is_fetchable(const Url& url) {
  if (url.is_secure || url.host == "localhost") return {};
  const auto address = net::Address::parse(url.host);
  if (address && address->is_loopback()) return {};
  return refused(url, "plain http is for loopback addresses only: use https");
}

Result<std::shared_ptr<tls::ClientContext>> outbound_tls(const std::string& ca_file, WallTime now) {
  auto loaded = ca_file.empty() ? tls::TrustStore::load_system(now)
                                : tls::TrustStore::load("outbound", ca_file, now);
  if (!loaded) return loaded.error();
  tls::ClientConfig config;
  config.trust = std::move(loaded->store);
  return tls::ClientContext::make(std::move(config));
}

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
  auto job = std::make_shared<FetchJob>(loop_, tls_, std::move(request), limits, promise);
  // The task owns the job: it lives as long as somebody may still want the answer.
  promise.on_cancel([job] {});
  job->start();
  return task;
}

}  // namespace sallyport::clients
