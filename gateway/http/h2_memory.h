#pragma once

// The memory of nghttp2's sessions. The library asks for six blocks a request, of the same few
// sizes each time, and returns them: a worker keeps some of them, which is a third of the price of
// malloc.

#include <nghttp2/nghttp2.h>

namespace sallyport::http {

// h2_memory returns what nghttp2_session_server_new3 and nghttp2_session_client_new3 take. Blocks
// are kept by the thread that asks, at most 32 of each of five sizes up to 1 KiB (some 60 KiB),
// until the process ends: a session is used by one thread at a time, and by others only after that
// has ended. Under sanitizers it is malloc alone, so that they see every block.
nghttp2_mem* h2_memory();

}  // namespace sallyport::http
