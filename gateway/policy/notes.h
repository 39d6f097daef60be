#pragma once

// Notes is what policies remember of an exchange between their calls: from on_request to
// on_response and on_done. It lies in the exchange's arena and goes with it.

#include <type_traits>

#include "gateway/base/arena.h"

namespace sallyport::policy {

class Notes {
 public:
  // find returns what was noted for `owner` as a T, or null. An owner is any address that stands
  // for itself, such as the policy's own; it notes one type only.
  template <class T>
  T* find(const void* owner) const {
    for (Note* note = first_; note != nullptr; note = note->next) {
      if (note->owner == owner) return static_cast<T*>(note->value);
    }
    return nullptr;
  }

  // get is find, and makes the T where there is none.
  template <class T>
  T& get(Arena& arena, const void* owner) {
    if (T* found = find<T>(owner)) return *found;
    T* value = arena.make<T>();
    first_ = arena.make<Note>(Note{owner, value, first_});
    return *value;
  }

 private:
  struct Note {
    const void* owner;
    void* value;
    Note* next;
  };
  Note* first_ = nullptr;
};

}  // namespace sallyport::policy
