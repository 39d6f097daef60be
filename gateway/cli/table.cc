#include "gateway/cli/table.h"

#include <algorithm>
#include <utility>

#include "gateway/cli/print.h"

namespace sallyport::cli {

void Table::add(std::vector<std::string> row) {
  // Shown before they are measured.
  for (std::string& cell : row) cell = shown(cell);
  rows_.push_back(std::move(row));
}

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
    put(line + "\n");
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
