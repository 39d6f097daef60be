#pragma once

// Types that options are made of, besides the standard ones: durations are std::chrono types and
// read "15m", "900s", "250ms"; the types here read sizes, secrets and files.

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/config/node.h"

namespace sallyport::config {

// A row of a table of options (option.h). Headers of settings need no more of it than its name.
struct Option;

// Size is a number of bytes and reads "4096", "16k", "8m", "1g" (powers of 1024).
struct Size {
  std::uint64_t bytes = 0;
  friend auto operator<=>(Size, Size) = default;
};

// Timestamp is a moment in UTC and reads "2026-01-31T12:00:00Z" or "2026-01-31".
struct Timestamp {
  std::int64_t unix_seconds = 0;
  friend auto operator<=>(Timestamp, Timestamp) = default;
};

// File is a path; a relative one is taken from the folder of the file that names it.
struct File {
  std::string path;
  bool empty() const { return path.empty(); }
};

// Secret is read by reference only: "file:PATH", "env:NAME" or "credential:NAME" (a file in
// systemd's $CREDENTIALS_DIRECTORY). A literal is an error. It is never shown or logged.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

// At<T> is a T that remembers its node, so that later checks can point at it.
template <class T>
struct At {
  T value{};
  Node node;

  const T& operator*() const { return value; }
  const T* operator->() const { return &value; }
};

// Raw keeps a part of the tree for somebody else to decode.
struct Raw {
  Node node;
};

}  // namespace sallyport::config
