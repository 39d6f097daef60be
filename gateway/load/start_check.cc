#include "gateway/load/start_check.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "gateway/clients/lmdb_store.h"
#include "gateway/load/store_check.h"

namespace sallyport::load {
namespace {

void add_error(config::Findings& findings, std::string place, std::string text) {
  findings.add({config::Severity::error, {}, std::move(place), std::move(text)});
}

bool is_answered(const sockaddr_un& address) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  // With a full backlog there is a listener, too.
  const bool answered =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
      errno == EAGAIN;
  close(fd);
  return answered;
}

// examine_socket returns whether a gateway answers there already.
bool examine_socket(const std::string& path, config::Findings& findings) {
  const std::string place = "admin.socket";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    add_error(findings, place,
              path + ": is longer than the " + std::to_string(sizeof address.sun_path - 1) +
                  " bytes that the path of a Unix socket may have");
    return false;
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  const std::string folder = std::filesystem::path(path).parent_path().string();
  struct stat status {};
  if (stat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    // A start makes the last folder.
    const std::string parent = std::filesystem::path(folder).parent_path().string();
    if (errno == ENOENT && access(parent.c_str(), W_OK | X_OK) == 0) return false;
    add_error(findings, place, folder + ": there is no such folder, nor can it be made");
    return false;
  }
  if (access(folder.c_str(), W_OK | X_OK) != 0) {
    add_error(findings, place, folder + ": " + std::strerror(errno));
    return false;
  }
  if (lstat(path.c_str(), &status) != 0) return false;
  if (!S_ISSOCK(status.st_mode)) {
    add_error(findings, place,
              path + ": is there and is not a socket; name another path, or remove it");
    return false;
  }
  return is_answered(address);
}

void examine_port(const SocketAddress& address, std::string place, config::Findings& findings) {
  const auto fds = bind_listeners(address, 1);
  if (!fds) return add_error(findings, std::move(place), fds.error().text);
  for (const int fd : *fds) close(fd);
}

void examine_log(const Loaded& loaded, config::Findings& findings) {
  const config::At<config::File>& file = loaded.log.file;
  if (file->empty()) return;
  struct stat status {};
  if (lstat(file->path.c_str(), &status) == 0) {
    if (S_ISLNK(status.st_mode)) findings.error(file.node, file->path + ": is a symbolic link");
    if (access(file->path.c_str(), W_OK) == 0) return;
  } else if (const auto folder = std::filesystem::path(file->path).parent_path();
             access(folder.c_str(), W_OK | X_OK) == 0) {
    return;
  }
  findings.error(file.node, file->path + ": " + std::strerror(errno));
}

// The register of certificates is an inventory: it may be new, and with a damaged one the gateway
// starts without.
void examine_register(const Loaded& loaded, config::Findings& findings) {
  const std::string& folder = loaded.certificate_register.path.path;
  if (folder.empty()) return;
  if (const auto good = clients::LmdbStore::examine(folder); !good) {
    findings.add({config::Severity::warning, {}, "certificate_register", good.error().text});
  }
}

}  // namespace

std::vector<std::string> examine_start(const Loaded& loaded, bool ports,
                                       config::Findings& findings) {
  examine_log(loaded, findings);
  const bool is_running =
      !loaded.admin_socket.empty() && examine_socket(loaded.admin_socket, findings);
  if (is_running) {
    return {"a gateway answers on " + loaded.admin_socket +
            ": ports and stores, which are its own, were not looked at"};
  }
  for (const SocketAddress& address : loaded.addresses) {
    if (ports) examine_port(address, "listeners", findings);
  }
  if (loaded.admin_listen) examine_port(*loaded.admin_listen, "admin.listen", findings);
  examine_stores(loaded, false, findings);
  examine_register(loaded, findings);
  return {};
}

}  // namespace sallyport::load
