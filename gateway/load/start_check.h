#pragma once

// What a start would find of the machine: the admin socket, the ports, the stores. For `sallyport
// check`, which takes nothing and leaves nothing behind.

#include <string>
#include <vector>

#include "gateway/load/load.h"

namespace sallyport::load {

// examine_start adds an error for what a start would fail at. Where a gateway answers on the admin
// socket, the ports and stores are its own: then they are not looked at, and the note that is
// returned says so.
// Without `ports` those of the listeners are not looked at: a service manager may hold them.
std::vector<std::string> examine_start(const Loaded& loaded, bool ports,
                                       config::Findings& findings);

}  // namespace sallyport::load
