#pragma once

// Explanation is what a policy fills in when an operator asks what it would say of a request: every
// check that it made, in order. Requests of clients carry none, so that it costs them nothing.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace sallyport::policy {

struct Check {
  std::string_view name;  // "signature"
  bool passed = false;
  std::string detail;  // as evidence: identifiers and times, never a secret
};

class Explanation {
 public:
  void add(std::string_view name, bool passed, std::string detail) {
    checks_.push_back({name, passed, std::move(detail)});
  }
  const std::vector<Check>& checks() const { return checks_; }

 private:
  std::vector<Check> checks_;
};

}  // namespace sallyport::policy
