#include "gateway/ratelimit/state.h"

namespace sallyport::ratelimit {

LimitState::LimitState(std::size_t keys, const crypto::SipKey& key)
    : key_(key), tables_{Tables(keys), Tables(keys / 4)} {}

std::shared_ptr<Tallies> LimitState::tallies(const std::string& limit) {
  std::erase_if(tallies_, [](const auto& entry) { return entry.second.expired(); });
  if (auto running = tallies_[limit].lock()) return running;
  auto made = std::make_shared<Tallies>();
  tallies_[limit] = made;
  return made;
}

}  // namespace sallyport::ratelimit
