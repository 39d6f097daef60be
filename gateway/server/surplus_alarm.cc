#include "gateway/server/surplus_alarm.h"

#include "gateway/observe/record.h"
#include "gateway/server/worker_state.h"

namespace sallyport::server {

void SurplusAlarm::on_surplus(const policy::Route& route, const proxy::Upstream& upstream,
                              const proxy::Server& server) {
  worker_.bank().add(generation_.slots[route.index].surplus);
  const WallTime now = worker_.loop().wall();
  if (!lines_.take(worker_.loop().mono())) return;
  observe::SurplusRecord record;
  record.at = now;
  record.route = route.id;
  record.upstream = upstream.name;
  record.server = server.text;
  record.suppressed = lines_.suppressed();
  if (std::string* line = worker_.log().line()) observe::append_surplus_line(*line, record);
}

}  // namespace sallyport::server
