#pragma once

// ServerFeed brings an upstream's servers from control to the workers: an immutable set for each,
// swapped on the worker's own thread, and the pools of that worker are told.

#include <array>
#include <memory>
#include <vector>

#include "gateway/event/live.h"
#include "gateway/event/worker.h"
#include "gateway/proxy/server.h"

namespace sallyport::proxy {

class ServerFeed : public std::enable_shared_from_this<ServerFeed> {
 public:
  using Set = std::shared_ptr<const ServerSet>;

  class Reader {
   public:
    virtual void on_servers() = 0;

   protected:
    ~Reader() = default;
  };

  // here is null until the first set is known.
  const Set& here(unsigned worker) const { return slots_[worker].set; }
  void subscribe(unsigned worker, Reader& reader);
  void unsubscribe(unsigned worker, Reader& reader);

  // publish is control's.
  void publish(event::Broadcast& broadcast, Set set);

 private:
  struct alignas(64) Slot {
    Set set;
    std::vector<Reader*> readers;  // few: the pools of the generations that are still in use
  };
  std::array<Slot, event::Worker::kMaxWorkers> slots_;
};

}  // namespace sallyport::proxy
