#pragma once

// BlockStore keeps the memory of objects of one type for the next ones, a bounded number of them.
// It is for objects that every exchange makes and that are large: the heap gives pages of them back
// to the kernel and asks for new ones all the time. One per thread.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "gateway/base/check.h"

namespace sallyport {

class BlockStore {
 public:
  template <class T>
  struct GiveBack {
    BlockStore* store = nullptr;
    void operator()(T* object) const noexcept {
      object->~T();
      store->give_back(object);
    }
  };
  template <class T>
  using Pointer = std::unique_ptr<T, GiveBack<T>>;

  // At most `most` blocks are kept.
  explicit BlockStore(std::size_t most) : most_(kIsReusing ? most : 0) { free_.reserve(most_); }
  ~BlockStore() {
    for (void* block : free_) ::operator delete(block);
  }
  BlockStore(const BlockStore&) = delete;
  BlockStore& operator=(const BlockStore&) = delete;

  // make constructs a T, always the same type. The store outlives it.
  template <class T, class... Args>
  Pointer<T> make(Args&&... args) {
    static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
    return Pointer<T>(new (take(sizeof(T))) T(std::forward<Args>(args)...), GiveBack<T>{this});
  }

  // trim gives back to the heap what was not needed since it was last called.
  void trim() {
    for (; spare_ > 0; --spare_) {
      ::operator delete(free_.back());
      free_.pop_back();
    }
    spare_ = free_.size();
  }

 private:
  // Under AddressSanitizer nothing is kept, so that it sees a use after the end.
#if defined(__SANITIZE_ADDRESS__)
  static constexpr bool kIsReusing = false;
#elif defined(__clang__)
  static constexpr bool kIsReusing = !__has_feature(address_sanitizer);
#else
  static constexpr bool kIsReusing = true;
#endif

  void* take(std::size_t size) {
    SALLYPORT_CHECK(size_ == 0 || size_ == size);
    size_ = size;
    if (free_.empty()) return ::operator new(size);
    void* const block = free_.back();
    free_.pop_back();
    spare_ = std::min(spare_, free_.size());
    return block;
  }
  void give_back(void* block) noexcept {
    if (free_.size() == most_) return ::operator delete(block);
    free_.push_back(block);
  }

  const std::size_t most_;
  std::size_t size_ = 0;  // of a block, known when the first is taken
  std::vector<void*> free_;
  std::size_t spare_ = 0;  // the least number of free_ since trim
};

}  // namespace sallyport
