#pragma once

// AdminClient asks the running gateway through its Unix socket.

#include <memory>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "gateway/base/result.h"

namespace sallyport::cli {

struct AdminAnswer {
  int status = 0;
  std::string body;
};

// ask sends one request and waits for its answer, at most 30 s.
Result<AdminAnswer> ask(const std::string& socket, std::string_view method, std::string_view path,
                        std::string_view body = {});

// add_admin gives a verb its --admin SOCKET.
inline void add_admin(CLI::App& verb, std::string& socket) {
  socket = "/run/sallyport/admin.sock";
  verb.add_option("--admin", socket, "The gateway's admin socket")->capture_default_str();
}

// fail prints an error and returns the exit status for it.
int fail(const std::string& message);

}  // namespace sallyport::cli
