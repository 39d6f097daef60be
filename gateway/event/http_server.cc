#include "gateway/event/http_server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <fcntl.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "gateway/base/check.h"

namespace sallyport::event {
namespace {

constexpr ev_ssize_t kMaxBody = 1024 * 1024;
constexpr ev_ssize_t kMaxHead = 16 * 1024;
constexpr int kTimeoutSeconds = 30;

std::string_view method_text(evhttp_cmd_type method) {
  switch (method) {
    case EVHTTP_REQ_GET:
      return "GET";
    case EVHTTP_REQ_POST:
      return "POST";
    case EVHTTP_REQ_HEAD:
      return "HEAD";
    default:
      return "OTHER";
  }
}

Error system_error(const std::string& what) {
  return {Fault::gateway, what + ": " + std::strerror(errno)};
}

// is_answered says whether somebody listens on the socket file: then it is not stale.
bool is_answered(const sockaddr_un& address) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool answered =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return answered;
}

}  // namespace

void HttpServer::Free::operator()(evhttp* server) const { evhttp_free(server); }

HttpServer::HttpServer(Loop& loop, Handler handler)
    : loop_(loop), handler_(std::move(handler)), server_(evhttp_new(loop.base())) {
  SALLYPORT_CHECK(server_ != nullptr);
  evhttp_set_max_body_size(server_.get(), kMaxBody);
  evhttp_set_max_headers_size(server_.get(), kMaxHead);
  evhttp_set_timeout(server_.get(), kTimeoutSeconds);
  evhttp_set_allowed_methods(server_.get(), EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST);
  evhttp_set_bevcb(server_.get(), connection_cb, this);
  evhttp_set_gencb(server_.get(), request_cb, this);
}

HttpServer::~HttpServer() {
  connections_->listener = nullptr;
  if (!socket_path_.empty()) unlink(socket_path_.c_str());
}

Result<void> HttpServer::listen_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return Error{Fault::gateway, path + ": too long"};
  std::memcpy(address.sun_path, path.data(), path.size());
  if (is_answered(address)) {
    return Error{Fault::gateway, path + ": another process serves this socket"};
  }
  if (struct stat status{}; lstat(path.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode)) {
      return Error{Fault::gateway, path +
                                       ": is there, and is no socket; name another path, or "
                                       "remove it"};
    }
    unlink(path.c_str());
  }
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return system_error(path);
  // Nobody else may write here; the mask closes the moment between bind and chmod.
  const mode_t mask = umask(0177);
  const int bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  umask(mask);
  if (bound != 0) {
    const Error error = system_error(path);
    close(fd);
    return error;
  }
  if (auto adopted = adopt(fd, path); !adopted) return adopted;
  socket_path_ = path;
  return {};
}

Result<void> HttpServer::listen_tcp(const std::string& address, std::uint16_t port) {
  const std::string name = address + ":" + std::to_string(port);
  sockaddr_storage bound{};
  int size = sizeof bound;
  const std::string text =
      address.find(':') == std::string::npos ? name : "[" + address + "]:" + std::to_string(port);
  if (evutil_parse_sockaddr_port(text.c_str(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    return Error{Fault::gateway, name + ": is no address"};
  }
  const int fd = socket(bound.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return system_error(name);
  if (evutil_make_listen_socket_reuseable(fd) != 0 ||
      bind(fd, reinterpret_cast<const sockaddr*>(&bound), static_cast<socklen_t>(size)) != 0) {
    const Error error = system_error(name);
    close(fd);
    return error;
  }
  return adopt(fd, name);
}

Result<void> HttpServer::adopt(int fd, const std::string& name) {
  constexpr unsigned kFlags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC;
  evconnlistener* listener =
      evconnlistener_new(loop_.base(), nullptr, nullptr, kFlags, SOMAXCONN, fd);
  if (listener == nullptr) {
    const Error error = system_error(name);
    close(fd);
    return error;
  }
  if (evhttp_bind_listener(server_.get(), listener) != nullptr) {
    connections_->listener = listener;
    return {};
  }
  const Error error = system_error(name);
  evconnlistener_free(listener);
  return error;
}

// libevent 2.1 counts no connections and tells of none before its first request. But it lets us
// make its end of each, whose callbacks get its connection as their argument as soon as it has one.
bufferevent* HttpServer::connection_cb(event_base* base, void* self) noexcept {
  const std::shared_ptr<Connections>& connections = static_cast<HttpServer*>(self)->connections_;
  // The library's end closes the descriptor, after its events have left the loop. evhttp would
  // close it before that, and another thread, or the next connection, may have its number by then.
  bufferevent* end = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
  SALLYPORT_CHECK(end != nullptr);
  bufferevent_incref(end);
  // Runs next, before anything can have been read.
  std::unique_ptr<Fresh> fresh(new Fresh{connections, end});
  SALLYPORT_CHECK(event_base_once(base, -1, EV_TIMEOUT, accepted_cb, fresh.release(), nullptr) ==
                  0);
  if (++connections->open >= kMaxConnections) evconnlistener_disable(connections->listener);
  return end;
}

void HttpServer::accepted_cb(int, short, void* fresh) noexcept {
  const std::unique_ptr<Fresh> held(static_cast<Fresh*>(fresh));
  void* connection = nullptr;
  bufferevent_getcb(held->end, nullptr, nullptr, nullptr, &connection);
  if (connection != nullptr) {
    evhttp_connection_set_closecb(static_cast<evhttp_connection*>(connection), closed_cb,
                                  held->connections.get());
  } else {
    held->connections->ended();  // already
  }
  bufferevent_decref(held->end);
}

void HttpServer::closed_cb(evhttp_connection*, void* connections) noexcept {
  static_cast<Connections*>(connections)->ended();
}

void HttpServer::Connections::ended() {
  if (open-- == kMaxConnections && listener != nullptr) evconnlistener_enable(listener);
}

void HttpServer::request_cb(evhttp_request* request, void* self) noexcept {
  auto& server = *static_cast<HttpServer*>(self);
  server.loop_.woken();
  OperatorRequest asked;
  asked.method = method_text(evhttp_request_get_command(request));
  const evhttp_uri* uri = evhttp_request_get_evhttp_uri(request);
  if (const char* path = evhttp_uri_get_path(uri)) asked.path = path;
  if (const char* query = evhttp_uri_get_query(uri)) asked.query = query;
  if (const char* host = evhttp_uri_get_host(uri)) asked.hosts.emplace_back(host);
  const evkeyval* field = nullptr;
  TAILQ_FOREACH(field, evhttp_request_get_input_headers(request), next) {
    if (evutil_ascii_strcasecmp(field->key, "Host") == 0) asked.hosts.emplace_back(field->value);
  }
  asked.is_http_1_0 = request->major == 1 && request->minor == 0;
  evbuffer* body = evhttp_request_get_input_buffer(request);
  asked.body.resize(evbuffer_get_length(body));
  evbuffer_copyout(body, asked.body.data(), asked.body.size());
  asked.reply = [request, alive = std::weak_ptr<int>(server.alive_)](
                    int status, std::string_view content_type, std::string_view text) {
    if (alive.expired()) return;
    evkeyvalq* headers = evhttp_request_get_output_headers(request);
    evhttp_add_header(headers, "Content-Type", std::string(content_type).c_str());
    evhttp_add_header(headers, "Cache-Control", "no-store");
    evbuffer* out = evbuffer_new();
    evbuffer_add(out, text.data(), text.size());
    evhttp_send_reply(request, status, nullptr, out);
    evbuffer_free(out);
  };
  server.handler_(std::move(asked));
}

}  // namespace sallyport::event
