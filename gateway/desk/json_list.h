#pragma once

// Lists for JSON that is written line by line.

#include <string>
#include <string_view>

#include "gateway/json/json.h"

namespace sallyport::desk {

// JsonList gathers rendered values: [a,b,c].
class JsonList {
 public:
  JsonList& add(std::string_view rendered) {
    text_ += text_.size() == 1 ? "" : ",";
    text_ += rendered;
    return *this;
  }
  JsonList& add_text(std::string_view text) {
    std::string quoted;
    json::append_quoted(quoted, text);
    return add(quoted);
  }
  std::string end() const { return text_ + "]"; }

 private:
  std::string text_ = "[";
};

// with_member adds `"name":rendered` to an object that is already closed.
inline std::string with_member(std::string object, std::string_view name,
                               std::string_view rendered) {
  object.pop_back();
  if (object.size() > 1) object += ',';
  return object.append("\"").append(name).append("\":").append(rendered).append("}");
}

}  // namespace sallyport::desk
