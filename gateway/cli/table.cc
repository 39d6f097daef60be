#include "gateway/cli/table.h"

#include <algorithm>
#include <cstdio>

namespace sallyport::cli {

void Table::print() const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    std::printf("%s\n", line.c_str());
  }
}

std::string text_of(const json::Value& value, std::string_view name) {
  return std::string(value.member(name).string().value_or(""));
}

std::string number_of(const json::Value& value, std::string_view name) {
  const auto number = value.member(name).integer();
  return number ? std::to_string(*number) : "";
}

}  // namespace sallyport::cli
