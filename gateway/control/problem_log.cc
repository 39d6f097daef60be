#include "gateway/control/problem_log.h"

#include <utility>

namespace sallyport::control {

void ProblemLog::look(const std::vector<std::string>& problems, const Say& say) {
  std::set<std::string> now(problems.begin(), problems.end());
  for (const std::string& problem : now) {
    if (!known_.contains(problem)) say("warn", "problem", problem);
  }
  for (const std::string& problem : known_) {
    if (!now.contains(problem)) say("info", "problem_over", problem);
  }
  known_ = std::move(now);
}

}  // namespace sallyport::control
