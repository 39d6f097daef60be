#pragma once

// HttpServer is a small HTTP server for operators (evhttp), on the control loop: never on a
// request's way and never on a public port.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/event/loop.h"

struct bufferevent;
struct evconnlistener;
struct event_base;
struct evhttp;
struct evhttp_connection;
struct evhttp_request;

namespace sallyport::event {

// OperatorRequest is one request; `reply` is called once, now or later.
struct OperatorRequest {
  std::string method;  // "GET", "POST"
  std::string path;    // decoded, without query
  std::string query;
  std::string body;
  // Whom the client means: every Host field, and the authority of a target in absolute form. None
  // at all where HTTP/1.0 was spoken, or where the client broke RFC 9112 section 3.2.
  std::vector<std::string> hosts;
  bool is_http_1_0 = false;
  std::function<void(int status, std::string_view content_type, std::string_view body)> reply;
};

class HttpServer {
 public:
  using Handler = std::function<void(OperatorRequest)>;
  // So many connections are open at a time. Others wait in the kernel, until one of these has ended
  // or has been silent for 30 seconds: whoever opens many takes no descriptors from clients.
  static constexpr std::size_t kMaxConnections = 64;

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
  // adopt serves what `fd` accepts; it is bound, and closed whatever happens.
  Result<void> adopt(int fd, const std::string& name);
  // connection_cb makes the library's end of a connection that was accepted, accepted_cb follows
  // when the library has its connection around that, and closed_cb when it ends.
  static bufferevent* connection_cb(event_base* base, void* self) noexcept;
  static void accepted_cb(int, short, void* fresh) noexcept;
  static void closed_cb(evhttp_connection* connection, void* connections) noexcept;
  static void request_cb(evhttp_request* request, void* self) noexcept;

  Loop& loop_;
  Handler handler_;
  // Connections counts those that are open; accepted_cb may come when the server is gone.
  struct Connections {
    std::size_t open = 0;
    evconnlistener* listener = nullptr;  // null once the server goes
    void ended();
  };
  struct Fresh {
    std::shared_ptr<Connections> connections;
    bufferevent* end;
  };
  std::shared_ptr<Connections> connections_ = std::make_shared<Connections>();
  std::unique_ptr<evhttp, Free> server_;
  std::string socket_path_;
  // Replies that come after the server is gone find this expired.
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace sallyport::event
