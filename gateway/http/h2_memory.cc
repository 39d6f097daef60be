#include "gateway/http/h2_memory.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace sallyport::http {

#ifdef SALLYPORT_SANITIZED

nghttp2_mem* h2_memory() { return nullptr; }

#else

namespace {

constexpr std::size_t kSmallest = 64;
constexpr std::size_t kSizes = 5;
constexpr std::uint32_t kMostKept = 32;

// Head stands before each block, and keeps the block as aligned as malloc's.
struct alignas(std::max_align_t) Head {
  std::uint32_t index;  // of its size; kSizes: larger than all of them
  Head* next;           // while it is kept
};

struct Kept {
  Head* first = nullptr;
  std::uint32_t count = 0;
};
using Pool = std::array<Kept, kSizes>;

std::uint32_t index_of(std::size_t size) {
  if (size <= kSmallest) return 0;
  const auto index = std::bit_width((size - 1) / kSmallest);
  return static_cast<std::uint32_t>(index < static_cast<int>(kSizes) ? index : kSizes);
}

void* take(std::size_t size, void* pool) {
  const std::uint32_t index = index_of(size);
  if (index < kSizes) {
    Kept& kept = (*static_cast<Pool*>(pool))[index];
    if (Head* head = kept.first; head != nullptr) {
      kept.first = head->next;
      --kept.count;
      return head + 1;
    }
  }
  const std::size_t room = index < kSizes ? kSmallest << index : size;
  auto* head = static_cast<Head*>(std::malloc(sizeof(Head) + room));
  if (head == nullptr) return nullptr;
  head->index = index;
  return head + 1;
}

void give_back(void* block, void* pool) {
  if (block == nullptr) return;
  Head* head = static_cast<Head*>(block) - 1;
  if (head->index < kSizes) {
    Kept& kept = (*static_cast<Pool*>(pool))[head->index];
    if (kept.count < kMostKept) {
      head->next = kept.first;
      kept.first = head;
      ++kept.count;
      return;
    }
  }
  std::free(head);
}

void* take_zeroed(std::size_t count, std::size_t size, void* pool) {
  std::size_t all = 0;
  if (__builtin_mul_overflow(count, size, &all)) return nullptr;
  void* block = take(all, pool);
  if (block != nullptr) std::memset(block, 0, all);
  return block;
}

void* resize(void* block, std::size_t size, void* pool) {
  if (block == nullptr) return take(size, pool);
  Head* head = static_cast<Head*>(block) - 1;
  if (head->index == kSizes && index_of(size) == kSizes) {
    head = static_cast<Head*>(std::realloc(head, sizeof(Head) + size));
    return head != nullptr ? head + 1 : nullptr;
  }
  if (head->index == index_of(size)) return block;
  void* other = take(size, pool);
  if (other == nullptr) return nullptr;
  // A block beyond the sizes has more room than any of them, and so than what it becomes here.
  const std::size_t had = head->index < kSizes ? kSmallest << head->index : size;
  std::memcpy(other, block, std::min(had, size));
  give_back(block, pool);
  return other;
}

}  // namespace

nghttp2_mem* h2_memory() {
  // They are few, one for each thread that has sessions, and sessions may outlive the thread.
  thread_local nghttp2_mem* const memory =
      new nghttp2_mem{new Pool, take, give_back, take_zeroed, resize};
  return memory;
}

#endif

}  // namespace sallyport::http
