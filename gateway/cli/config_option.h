#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace sallyport::cli {

inline constexpr const char* kDefaultConfig = "/etc/sallyport/sallyport.yaml";

// add_config gives a verb its -c FILE.
inline void add_config(CLI::App& verb, std::string& path) {
  path = kDefaultConfig;
  verb.add_option("-c,--config", path, "Configuration file")->capture_default_str();
}

}  // namespace sallyport::cli
