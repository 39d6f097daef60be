#include "gateway/ratelimit/ledger.h"

namespace sallyport::ratelimit {
namespace {

constexpr std::size_t kProbes = 16;

}  // namespace

void Ledger::open(unsigned worker) {
  Seat& seat = seats_[worker];
  if (seat.page) return;
  seat.page = std::make_unique<Page>();
  seat.page->used.reserve(kKeysPerPage);
}

void Ledger::add(unsigned worker, const crypto::Hash128& key, std::int64_t amount_ns, Tier tier) {
  Page& page = *seats_[worker].page;
  for (std::size_t probe = 0; probe < kProbes; ++probe) {
    const std::size_t at = (key.low + probe) % kKeysPerPage;
    Taken& entry = page.entries[at];
    if (entry.amount_ns == 0) {
      entry = {key, amount_ns, tier};
      return page.used.push_back(static_cast<std::uint16_t>(at));
    }
    if (entry.key == key) {
      entry.amount_ns += amount_ns;
      return;
    }
  }
  seats_[worker].dropped.fetch_add(1, std::memory_order_relaxed);
}

std::vector<Taken> Ledger::take(unsigned worker) {
  std::vector<Taken> all;
  Page* page = seats_[worker].page.get();
  if (page == nullptr) return all;
  all.reserve(page->used.size());
  for (const std::uint16_t at : page->used) {
    all.push_back(page->entries[at]);
    page->entries[at].amount_ns = 0;
  }
  page->used.clear();
  return all;
}

std::uint64_t Ledger::dropped() const {
  std::uint64_t sum = 0;
  for (const Seat& seat : seats_) sum += seat.dropped.load(std::memory_order_relaxed);
  return sum;
}

}  // namespace sallyport::ratelimit
