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
  std::string detail;    // as evidence: identifiers and times, never a secret
  bool is_open = false;  // neither passed nor failed: only a real request could tell
};

class Explanation {
 public:
  // add tells a check; what comes of one that was told already is not told again.
  void add(std::size_t place, bool passed, std::string detail) {
    const auto is_same = [&](const ToldCheck& told) { return told.place == place; };
    if (std::ranges::any_of(checks_, is_same)) return;
    checks_.push_back({place, passed, std::move(detail)});
  }
  // leave_open tells a check that asks for what only a client has; `why` says what that is. The
  // policy goes on as if it had passed.
  void leave_open(std::size_t place, std::string why) {
    checks_.push_back({place, false, std::move(why), true});
  }
  const std::vector<ToldCheck>& checks() const { return checks_; }
  // clear makes room for the checks of the next policy.
  void clear() { checks_.clear(); }

 private:
  std::vector<ToldCheck> checks_;
};

}  // namespace sallyport::policy
