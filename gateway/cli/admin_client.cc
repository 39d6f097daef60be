#include "gateway/cli/admin_client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "gateway/base/text.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/print.h"
#include "gateway/event/transport.h"

namespace sallyport::cli {
namespace {

constexpr std::size_t kMaxAnswer = 64 * 1024 * 1024;
constexpr timeval kPatience{30, 0};

Error socket_error(const std::string& socket) {
  return {Fault::gateway, socket + ": " + std::strerror(errno) +
                              " (is the gateway running, and is this its admin.socket?)"};
}

// read_all reads until the server closes: we ask in HTTP/1.0, so it does.
Result<std::string> read_all(event::PlainTransport& transport, const std::string& socket) {
  std::string answer;
  char buffer[16 * 1024];
  for (;;) {
    const auto result = transport.read(buffer);
    if (result.outcome == event::Io::end) return answer;
    if (result.outcome != event::Io::done) return socket_error(socket);
    answer.append(buffer, result.bytes);
    if (answer.size() > kMaxAnswer)
      return Error{Fault::gateway, socket + ": the answer is too long"};
  }
}

}  // namespace

Result<AdminAnswer> ask(const std::string& socket, std::string_view method, std::string_view path,
                        std::string_view body) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path) return Error{Fault::gateway, socket + ": too long"};
  std::memcpy(address.sun_path, socket.c_str(), socket.size() + 1);
  event::PlainTransport transport(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (transport.fd() < 0) return socket_error(socket);
  setsockopt(transport.fd(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  setsockopt(transport.fd(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  if (connect(transport.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return socket_error(socket);
  }
  std::string request = std::string(method) + " " + std::string(path) +
                        " HTTP/1.0\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                        std::string(body);
  for (std::string_view rest = request; !rest.empty();) {
    const iovec piece{const_cast<char*>(rest.data()), rest.size()};
    const auto result = transport.write({&piece, 1});
    if (result.outcome != event::Io::done) return socket_error(socket);
    rest.remove_prefix(result.bytes);
  }
  const auto answer = read_all(transport, socket);
  if (!answer) return answer.error();
  const std::size_t space = answer->find(' ');
  const std::size_t end = answer->find("\r\n\r\n");
  if (space == std::string::npos || end == std::string::npos) {
    return Error{Fault::gateway, socket + ": the answer is not HTTP"};
  }
  const auto status = parse_decimal<int>(std::string_view(*answer).substr(space + 1, 3));
  return AdminAnswer{status.value_or(0), answer->substr(end + 4)};
}

int fail(const std::string& message) {
  warn("sallyport: {}\n", message);
  return kFailed;
}

}  // namespace sallyport::cli
