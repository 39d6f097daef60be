#pragma once

// Explanation is what a policy fills in when an operator asks what it would say of a request: every
// check that it made, in order, with its text. Requests of clients carry none (they have
// CheckMarks), so that it costs them nothing.

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::policy {

struct ToldCheck {
  std::size_t place;  // in Module::checks
  bool passed = false;
  std::string detail;  // as evidence: identifiers and times, never a secret
};

class Explanation {
 public:
  // add tells a check; what comes of one that was told already is not told again.
  void add(std::size_t place, bool passed, std::string detail) {
    const auto is_same = [&](const ToldCheck& told) { return told.place == place; };
    if (std::ranges::any_of(checks_, is_same)) return;
    checks_.push_back({place, passed, std::move(detail)});
  }
  const std::vector<ToldCheck>& checks() const { return checks_; }
  // clear makes room for the checks of the next policy.
  void clear() { checks_.clear(); }

 private:
  std::vector<ToldCheck> checks_;
};

}  // namespace sallyport::policy
