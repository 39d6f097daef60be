#include "gateway/load/services.h"

namespace sallyport::load {

std::shared_ptr<policy::Service> Services::find_or_make(std::type_index type,
                                                        const std::string& key, const Make& make) {
  Slot& slot = slots_[{type, key}];
  if (auto running = slot.service.lock()) return running;
  auto made = make();
  slot = {made, false};
  return made;
}

void Services::start_new(event::Loop& control, event::Broadcast& broadcast) {
  std::erase_if(slots_, [](const auto& entry) { return entry.second.service.expired(); });
  for (auto& [key, slot] : slots_) {
    if (std::exchange(slot.started, true)) continue;
    if (const auto service = slot.service.lock()) service->start(control, broadcast);
  }
}

std::vector<std::shared_ptr<policy::Service>> Services::all() const {
  std::vector<std::shared_ptr<policy::Service>> living;
  for (const auto& [key, slot] : slots_) {
    if (auto service = slot.service.lock()) living.push_back(std::move(service));
  }
  return living;
}

}  // namespace sallyport::load
