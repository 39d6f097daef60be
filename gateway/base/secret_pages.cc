#include "gateway/base/secret_pages.h"

#include <sys/mman.h>

#include <cstring>
#include <new>

#include "gateway/base/check.h"

namespace sallyport {

void* allocate_secret(std::size_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  // Linux has had the one since 3.4 and the other since 4.14; both concern the whole page.
  SALLYPORT_CHECK(madvise(memory, size, MADV_DONTDUMP) == 0);
  SALLYPORT_CHECK(madvise(memory, size, MADV_WIPEONFORK) == 0);
  return memory;
}

void free_secret(void* memory, std::size_t size) noexcept {
  if (memory == nullptr) return;
  explicit_bzero(memory, size);
  munmap(memory, size);
}

}  // namespace sallyport
