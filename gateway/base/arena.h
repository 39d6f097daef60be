#pragma once

// Arena hands out memory that lives as long as one exchange. The first chunk is enough for an
// ordinary request; the total is bounded, so a peer can never make it grow without limit.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "gateway/base/check.h"

namespace sallyport {

class Arena {
 public:
  static constexpr std::size_t kFirstChunk = 8 * 1024;
  // Everything that reaches an arena is limited before (heads, evidence), so that passing this
  // bound is a mistake of ours, not an input.
  static constexpr std::size_t kMaxBytes = 4 * 1024 * 1024;

  Arena() = default;
  // The first chunk may be lent, by whoever outlives the arena.
  explicit Arena(std::span<std::byte> first)
      : lent_(first), current_(first.data()), capacity_(first.size()), total_(first.size()) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // allocate returns uninitialised memory, aligned to `align`, valid until reset or destruction.
  void* allocate(std::size_t size, std::size_t align = alignof(std::max_align_t)) {
    std::size_t at = (used_ + align - 1) & ~(align - 1);
    if (current_ == nullptr || at + size > capacity_) [[unlikely]] {
      grow(size + align);
      at = (used_ + align - 1) & ~(align - 1);
    }
    used_ = at + size;
    return current_ + at;
  }

  // copy returns `text` as held by the arena.
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* to = static_cast<char*>(allocate(text.size(), 1));
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

  // join returns the pieces one after the other.
  std::string_view join(std::initializer_list<std::string_view> pieces) {
    std::size_t size = 0;
    for (const std::string_view piece : pieces) size += piece.size();
    char* const text = static_cast<char*>(allocate(size, 1));
    char* to = text;
    for (const std::string_view piece : pieces) to = std::copy(piece.begin(), piece.end(), to);
    return {text, size};
  }

  // make constructs a T; its destructor is never run, hence the requirement.
  template <class T, class... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (allocate(sizeof(T), alignof(T))) T(std::forward<Args>(args)...);
  }

  // reset forgets everything and keeps the first chunk for the next exchange.
  void reset() {
    if (lent_.empty()) {
      if (chunks_.size() > 1) chunks_.resize(1);
      current_ = chunks_.empty() ? nullptr : chunks_.front().get();
      capacity_ = chunks_.empty() ? 0 : kFirstChunk;
    } else {
      chunks_.clear();
      current_ = lent_.data();
      capacity_ = lent_.size();
    }
    used_ = 0;
    total_ = capacity_;
  }

 private:
  void grow(std::size_t at_least) {
    // The first chunk always has the one size, so that reset can keep it.
    if (current_ == nullptr && at_least <= kFirstChunk) return add(kFirstChunk);
    if (current_ == nullptr) add(kFirstChunk);
    add(at_least > kFirstChunk ? at_least : kFirstChunk);
  }

  void add(std::size_t size) {
    total_ += size;
    SALLYPORT_CHECK(total_ <= kMaxBytes);
    chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(size));
    current_ = chunks_.back().get();
    capacity_ = size;
    used_ = 0;
  }

  std::span<std::byte> lent_;
  std::byte* current_ = nullptr;  // the chunk that is being used
  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::size_t capacity_ = 0;
  std::size_t used_ = 0;
  std::size_t total_ = 0;
};

}  // namespace sallyport
