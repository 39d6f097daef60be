#pragma once

// Requests that the gateway makes itself, such as for an issuer's key set, on the control loop: one
// connection a request, no redirects, no cookies, no proxies, a limit on time and size. Plain http
// goes to loopback addresses only; with https the server must prove to be who the URL says.

#include <cstddef>
#include <memory>
#include <string>
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
}

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
  std::string body;
};

// is_fetchable refuses plain http to anything but this machine. A name is looked at again once it
// is resolved.
Result<void> is_fetchable(const Url& url);

// outbound_tls makes what https needs: the CAs of a PEM file, or those of the system when the name
// is empty. For one thread. The error says which file and why.
Result<std::shared_ptr<tls::ClientContext>> outbound_tls(const std::string& ca_file, WallTime now);

class Fetcher {
 public:
  // `tls` may be null; then https fails. The loop must outlive what is fetched on it.
  explicit Fetcher(event::Loop& loop, std::shared_ptr<tls::ClientContext> tls = nullptr)
      : loop_(loop), tls_(std::move(tls)) {}

  // fetch completes with the answer, or an error of the dependency that names host and port and
  // nothing else of the URL. Destroying the task closes the connection.
  event::Task<FetchResponse> fetch(FetchRequest request, FetchLimits limits = {}) const;

 private:
  event::Loop& loop_;
  const std::shared_ptr<tls::ClientContext> tls_;
};

}  // namespace sallyport::clients
