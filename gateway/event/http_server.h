#pragma once

// HttpServer is a small HTTP server for operators (evhttp), on the control loop: never on a
// request's way and never on a public port.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/event/loop.h"

struct evhttp;
struct evhttp_request;

namespace sallyport::event {

// OperatorRequest is one request; `reply` is called once, now or later.
struct OperatorRequest {
  std::string method;  // "GET", "POST"
  std::string path;    // decoded, without query
  std::string query;
  std::string body;
  std::function<void(int status, std::string_view content_type, std::string_view body)> reply;
};

class HttpServer {
 public:
  using Handler = std::function<void(OperatorRequest)>;

  HttpServer(Loop& loop, Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // listen_unix replaces a stale socket file; the file gets mode 0600.
  Result<void> listen_unix(const std::string& path);
  Result<void> listen_tcp(const std::string& address, std::uint16_t port);

 private:
  struct Free {
    void operator()(evhttp* server) const;
  };
  static void request_cb(evhttp_request* request, void* self) noexcept;

  Loop& loop_;
  Handler handler_;
  std::unique_ptr<evhttp, Free> server_;
  std::string socket_path_;
  // Replies that come after the server is gone find this expired.
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace sallyport::event
