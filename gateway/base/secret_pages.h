#pragma once

// Memory for the few secrets that the gateway itself keeps for long. What libraries keep (a private
// key inside BoringSSL) is on the heap like everything else; BoringSSL wipes it when it is freed.

#include <cstddef>

namespace sallyport {

// allocate_secret returns room for `size` octets in pages of its own, which no core dump contains
// (MADV_DONTDUMP) and no child process gets (MADV_WIPEONFORK). It throws std::bad_alloc. Aligned
// like a page. free_secret takes the same size and wipes.
void* allocate_secret(std::size_t size);
void free_secret(void* memory, std::size_t size) noexcept;

}  // namespace sallyport
