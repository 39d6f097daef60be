#include "gateway/server/connection_tally.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace sallyport::server {
namespace {

// A second's worth may come at once.
TokenRate rate_of(const AddressLimits& limits) {
  return TokenRate::per_second(limits.per_second, limits.per_second);
}

}  // namespace

ConnectionTally::Key ConnectionTally::key_of(const net::Address& address) const {
  Key key;
  key.family = address.family();
  const std::size_t size = address.family() == net::Family::v6 ? 8 : 4;
  for (std::size_t i = 0; i < size; ++i) key.bits = key.bits << 8 | address.bytes()[i];
  char bytes[sizeof key.bits + 1];
  std::memcpy(bytes, &key.bits, sizeof key.bits);
  bytes[sizeof key.bits] = static_cast<char>(key.family);
  key.hash = sip_.hash64({bytes, sizeof bytes});
  return key;
}

ConnectionTally::Seat::~Seat() {
  if (tally_ == nullptr) return;
  tally_->taken_.fetch_sub(1, std::memory_order_relaxed);
  if (key_.family != net::Family::none) tally_->release(key_);
}

void ConnectionTally::Seat::swap(Seat& other) noexcept {
  std::swap(tally_, other.tally_);
  std::swap(key_, other.key_);
}

ConnectionTally::Seat ConnectionTally::take(std::size_t limit) {
  Seat seat;
  if (taken_.fetch_add(1, std::memory_order_relaxed) >= limit) {
    taken_.fetch_sub(1, std::memory_order_relaxed);
    return seat;
  }
  seat.tally_ = this;
  return seat;
}

ConnectionTally::Charge ConnectionTally::charge(Seat& seat, const net::Address& address,
                                                const AddressLimits& limits, MonoTime now) {
  const Key key = key_of(address);
  if (key.family == net::Family::none) return Charge::good;
  Stripe& stripe = stripe_of(key);
  const std::lock_guard lock(stripe.mutex);
  if (stripe.entries.size() >= stripe.sweep_at) sweep(stripe, now);
  Entry& entry = stripe.entries.try_emplace(key).first->second;
  if (limits.connections != 0 && entry.open >= limits.connections) return Charge::too_many;
  if (limits.per_second != 0 && !entry.rate.take(rate_of(limits), now)) return Charge::too_often;
  ++entry.open;
  seat.key_ = key;
  return Charge::good;
}

// sweep forgets addresses without connections: those whose rate has recovered, and all of them when
// that does not help, so that no number of addresses makes the table large.
void ConnectionTally::sweep(Stripe& stripe, MonoTime now) {
  std::erase_if(stripe.entries, [&](const auto& row) {
    return row.second.open == 0 && row.second.rate.is_full(now);
  });
  if (stripe.entries.size() >= stripe.sweep_at) {
    std::erase_if(stripe.entries, [](const auto& row) { return row.second.open == 0; });
  }
  stripe.sweep_at = std::max(kSweepAt, stripe.entries.size() * 2);
}

void ConnectionTally::release(const Key& key) {
  Stripe& stripe = stripe_of(key);
  const std::lock_guard lock(stripe.mutex);
  const auto found = stripe.entries.find(key);
  if (found != stripe.entries.end()) --found->second.open;
}

std::size_t ConnectionTally::addresses() {
  std::size_t count = 0;
  for (Stripe& stripe : stripes_) {
    const std::lock_guard lock(stripe.mutex);
    count += stripe.entries.size();
  }
  return count;
}

ConnectionTally::Stripe& ConnectionTally::stripe_of(const Key& key) {
  // The top bits: the map uses the others.
  return stripes_[key.hash >> 58];
}

}  // namespace sallyport::server
