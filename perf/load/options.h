#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sallyport::perf {

// Options of a run; main.cc says what each means.
struct Options {
  std::string host;
  std::uint16_t port = 0;
  std::string source = "127.0.0.1";
  std::string path = "/";
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
  std::string token_file;
  int connections = 32;
  int streams = 10;
  double seconds = 1;
  double warm_up = 0.2;
  double rate = 0;
  std::uint64_t requests = 0;  // zero: as many as the time allows
  bool http2 = false;
  bool close = false;
  bool idle = false;
};

}  // namespace sallyport::perf
