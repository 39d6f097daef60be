#pragma once

// SurplusAlarm counts and logs, by route, servers that send more than their answers: who does may
// have taken a part of one request for another.

#include "gateway/proxy/upstream_stream.h"
#include "gateway/server/connection_refusal.h"

namespace sallyport::server {

struct Generation;
class WorkerState;

class SurplusAlarm final : public proxy::SurplusListener {
 public:
  // Both outlive it.
  SurplusAlarm(WorkerState& worker, const Generation& generation)
      : worker_(worker), generation_(generation) {}

  void on_surplus(const policy::Route& route, const proxy::Upstream& upstream,
                  const proxy::Server& server) override;

 private:
  WorkerState& worker_;
  const Generation& generation_;
  LineBudget lines_;
};

}  // namespace sallyport::server
