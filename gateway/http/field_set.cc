#include "gateway/http/field_set.h"

#include <algorithm>
#include <utility>

#include "gateway/base/text.h"

namespace sallyport::http {

FieldSet::FieldSet(std::vector<std::string> names) : names_(std::move(names)) {
  for (std::string& name : names_) std::ranges::transform(name, name.begin(), to_lower);
  std::ranges::sort(names_, [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  names_.erase(std::unique(names_.begin(), names_.end()), names_.end());
  for (std::size_t size = 0; size < begin_.size(); ++size) {
    begin_[size] = static_cast<std::size_t>(std::ranges::count_if(
        names_, [size](const std::string& name) { return name.size() < size; }));
  }
  begin_.back() = names_.size();
}

bool FieldSet::contains(std::string_view name) const {
  const std::size_t size = std::min(name.size(), kLongest);
  for (std::size_t i = begin_[size]; i < begin_[size + 1]; ++i) {
    if (equals_ignoring_case(name, names_[i])) return true;
  }
  return false;
}

}  // namespace sallyport::http
