#include "gateway/proxy/server_feed.h"

#include <utility>

namespace sallyport::proxy {

void ServerFeed::subscribe(unsigned worker, Reader& reader) {
  slots_[worker].readers.push_back(&reader);
}

void ServerFeed::unsubscribe(unsigned worker, Reader& reader) {
  std::erase(slots_[worker].readers, &reader);
}

void ServerFeed::publish(event::Broadcast& broadcast, Set set) {
  broadcast.to_all(
      [feed = shared_from_this(), set = std::move(set)](unsigned worker) {
        Slot& slot = feed->slots_[worker];
        slot.set = set;
        for (Reader* reader : slot.readers) reader->on_servers();
      },
      [] {});
}

}  // namespace sallyport::proxy
