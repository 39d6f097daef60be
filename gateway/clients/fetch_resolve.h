#pragma once

// Names to addresses, without blocking the loop: the C library's resolver knows everything that the
// machine's administrator has set up, and blocks, so it runs on a thread of its own.

#include <string>
#include <vector>

#include "gateway/event/loop.h"
#include "gateway/event/task.h"
#include "gateway/net/address.h"

namespace sallyport::clients {

// resolve completes with at least one address, in the order in which to try them, or an error. An
// address in text form needs no look-up. Destroying the task forgets the answer; the thread ends
// when the resolver gives up.
event::Task<std::vector<net::Address>> resolve(event::Loop& loop, const std::string& host);

}  // namespace sallyport::clients
