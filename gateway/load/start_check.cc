#include "gateway/load/start_check.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include "gateway/clients/lmdb_store.h"

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
    add_error(findings, place, folder + ": there is no such folder");
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

void examine_stores(const Loaded& loaded, config::Findings& findings) {
  std::set<std::string> folders;
  for (const auto& service : loaded.services) {
    for (std::string& folder : service->stores()) folders.insert(std::move(folder));
  }
  const std::string& of_certificates = loaded.certificate_register.path.path;
  if (!of_certificates.empty()) folders.insert(of_certificates);
  for (const std::string& folder : folders) {
    if (const auto good = clients::LmdbStore::examine(folder); !good) {
      add_error(findings, "", good.error().text);
    }
  }
}

}  // namespace

std::vector<std::string> examine_start(const Loaded& loaded, config::Findings& findings) {
  examine_log(loaded, findings);
  const bool is_running =
      !loaded.admin_socket.empty() && examine_socket(loaded.admin_socket, findings);
  if (is_running) {
    return {"a gateway answers on " + loaded.admin_socket +
            ": ports and stores, which are its own, were not looked at"};
  }
  for (const SocketAddress& address : loaded.addresses)
    examine_port(address, "listeners", findings);
  if (loaded.admin_listen) examine_port(*loaded.admin_listen, "admin.listen", findings);
  examine_stores(loaded, findings);
  return {};
}

}  // namespace sallyport::load
