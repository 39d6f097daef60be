#pragma once

// Table prints rows in columns as wide as their widest cell.

#include <initializer_list>
#include <string>
#include <vector>

#include "gateway/json/json.h"

namespace sallyport::cli {

class Table {
 public:
  explicit Table(std::initializer_list<const char*> titles)
      : rows_{{titles.begin(), titles.end()}} {}
  void add(std::vector<std::string> row);
  void print() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// Members of an answer as text; empty where there is none.
std::string text_of(const json::Value& value, std::string_view name);
std::string number_of(const json::Value& value, std::string_view name);

}  // namespace sallyport::cli
