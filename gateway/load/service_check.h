#pragma once

// service_check is for the command line: the running gateway finds all this out by itself, and says
// it in /readyz.

#include <string>
#include <vector>

#include "gateway/config/findings.h"
#include "gateway/load/load.h"

namespace sallyport::load {

// examine_services lets every service look at what it depends on, and adds an error for each with
// which the gateway could not serve. It returns what could not be found out, a sentence each: that
// is no mistake of the configuration. It waits for the answers, for as long as their time-outs
// allow.
std::vector<std::string> examine_services(const Loaded& loaded, config::Findings& findings);

}  // namespace sallyport::load
