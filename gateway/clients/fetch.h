#pragma once

// Requests that the gateway makes itself, such as for an issuer's key set: no redirects, no
// cookies, no proxies, a limit on time and size. Plain http goes to loopback addresses only; with
// https the server must prove to be who the URL says.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/result.h"
#include "gateway/clients/url.h"
#include "gateway/event/loop.h"
#include "gateway/event/task.h"
#include "gateway/http/message.h"

namespace sallyport::tls {
class ClientContext;
struct ClientConfig;
}  // namespace sallyport::tls

namespace sallyport::clients {

struct FetchRequest {
  Url url;
  http::Method method = http::Method::get;  // or post
  // Fields besides Host, User-Agent and what frames the body. A value may be a secret.
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;  // of a post
};

struct FetchLimits {
  Milliseconds timeout = Seconds(10);  // from the call to the last byte
  std::size_t max_body_bytes = 1024 * 1024;
};

// FetchResponse is a complete answer of any final status.
struct FetchResponse {
  int status = 0;
  std::string content_type;
  std::string cache_control;  // all fields of that name, joined by commas
  std::string body;
};

// max_age_of reads how long an answer may be kept (RFC 9111 section 5.2.2): zero when it must not
// be, nothing when it does not say.
std::optional<Seconds> max_age_of(std::string_view cache_control);

// is_fetchable refuses plain http to anything but this machine. A name is looked at again once it
// is resolved.
Result<void> is_fetchable(const Url& url);

// outbound_tls makes what https needs: the CAs of a PEM file, or those of the system when the name
// is empty. For one thread. The error says which file and why.
Result<std::shared_ptr<tls::ClientContext>> outbound_tls(const std::string& ca_file, WallTime now);

class IdleConnections;

// OutboundFiles are PEM files: the CAs that may vouch for the server (empty: those of the system),
// and what we show when the server asks who we are (both or none).
struct OutboundFiles {
  std::string ca;
  std::string certificate;
  std::string key;
};

// load_outbound reads them once, for contexts on any thread: see outbound_context.
Result<std::shared_ptr<const tls::ClientConfig>> load_outbound(const OutboundFiles& files,
                                                               WallTime now);
// outbound_context makes the context of one thread; no file is read.
Result<std::shared_ptr<tls::ClientContext>> outbound_context(const tls::ClientConfig& config);

class Fetcher {
 public:
  enum class Connections : std::uint8_t { close, keep };

  // `tls` may be null; then https fails. The loop must outlive what is fetched on it. With `keep`,
  // a connection may serve the next request, too, and a request whose kept connection turns out to
  // be closed is sent again: use it for what may be asked twice.
  explicit Fetcher(event::Loop& loop, std::shared_ptr<tls::ClientContext> tls = nullptr,
                   Connections connections = Connections::close);

  // fetch completes with the answer, or an error of the dependency that names host and port and
  // nothing else of the URL. Destroying the task closes the connection.
  event::Task<FetchResponse> fetch(FetchRequest request, FetchLimits limits = {}) const;

 private:
  event::Loop& loop_;
  const std::shared_ptr<tls::ClientContext> tls_;
  const std::shared_ptr<IdleConnections> idle_;
};

}  // namespace sallyport::clients
