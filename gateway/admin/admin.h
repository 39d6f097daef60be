#pragma once

// Admin is where operators and the command line ask: health, readiness and metrics on a loopback
// port, for those who mean it (host_check.h), and on the Unix socket also what changes something.
// Never on a public port.

#include <memory>
#include <string>

#include "gateway/base/result.h"
#include "gateway/control/gateway.h"
#include "gateway/event/http_server.h"

namespace sallyport::admin {

class Admin {
 public:
  // `gateway` outlives this.
  explicit Admin(control::Gateway& gateway) : gateway_(gateway) {}

  // open listens where the configuration says.
  Result<void> open();

 private:
  void answer_port(event::OperatorRequest request);
  void answer_anybody(event::OperatorRequest request);
  void answer_operator(event::OperatorRequest request);
  void answer_ready(const event::OperatorRequest& request);
  void answer_why(event::OperatorRequest request);
  void answer_reload(event::OperatorRequest request);
  void answer_explain_token(event::OperatorRequest request);
  void answer_command(event::OperatorRequest request);

  control::Gateway& gateway_;
  std::unique_ptr<event::HttpServer> socket_;
  std::unique_ptr<event::HttpServer> listener_;
  std::string address_;  // where listener_ listens
};

}  // namespace sallyport::admin
