#pragma once

// ProblemLog notices when a service begins to have a problem that the gateway can live with, such
// as a file that it cannot take over, and when that is over.

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::control {

class ProblemLog {
 public:
  using Say =
      std::function<void(std::string_view level, std::string_view event, std::string_view message)>;

  // look compares with the last look and says what is different: `problem` and `problem_over`.
  void look(const std::vector<std::string>& problems, const Say& say);

 private:
  std::set<std::string> known_;
};

}  // namespace sallyport::control
