#include "gateway/load/name_check.h"

#include <vector>

#include "gateway/event/resolver.h"

namespace sallyport::load {

void warn_of_unresolved(const Loaded& loaded, config::Findings& findings) {
  if (loaded.server_names.empty()) return;
  event::Loop loop;
  event::Resolver resolver(loop, loaded.resolver);
  std::vector<event::Task<event::Resolver::Addresses>> look_ups;
  std::size_t left = loaded.server_names.size();
  for (const ServerName& name : loaded.server_names) {
    look_ups.push_back(resolver.resolve(name.host));
    look_ups.back().then([&](Result<event::Resolver::Addresses> answer) {
      if (!answer) findings.warning(name.node, answer.error().text);
      if (--left == 0) loop.stop();
    });
  }
  loop.run();
}

}  // namespace sallyport::load
