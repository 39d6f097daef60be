#include "gateway/config/describe.h"

namespace sallyport::config {
namespace {

std::string join(const std::map<std::string, std::string>& members) {
  std::string out;
  for (const auto& [name, value] : members) {
    out += (out.empty() ? "" : ",") + json_quoted(name) + ":" + value;
  }
  return out;
}

std::string meaning(const Option& option) {
  std::string out(option.help);
  return option.limits.empty() ? out : out + " " + option.limits;
}

// property puts description and default into the type's schema, which is an object or `true`.
std::string property(const Option& option) {
  const std::string type = option.schema();
  std::string out = "{\"description\":" + json_quoted(meaning(option));
  if (!option.default_json.empty()) out += ",\"default\":" + option.default_json;
  return type.size() > 2 && type.front() == '{' ? out + "," + type.substr(1) : out + "}";
}

// Indenter lays JSON text out, two spaces a level; empty collections stay on their line.
class Indenter {
 public:
  static std::string run(std::string_view json) {
    Indenter indenter;
    for (std::size_t i = 0; i < json.size(); ++i) {
      const char next = i + 1 < json.size() ? json[i + 1] : '\0';
      indenter.take(json[i], next);
    }
    return indenter.out_ + '\n';
  }

 private:
  void take(char c, char next) {
    if (in_string_) return take_in_string(c);
    switch (c) {
      case '"':
        in_string_ = true;
        out_ += c;
        return;
      case '{':
      case '[':
        out_ += c;
        ++depth_;
        is_open_ = next != '}' && next != ']';
        if (is_open_) new_line();
        return;
      case '}':
      case ']':
        --depth_;
        if (is_open_) new_line();
        is_open_ = true;
        out_ += c;
        return;
      case ',':
        out_ += c;
        return new_line();
      case ':':
        out_ += ": ";
        return;
      case ' ':
        return;
      default:
        out_ += c;
    }
  }

  void take_in_string(char c) {
    out_ += c;
    if (is_escaped_) {
      is_escaped_ = false;
    } else if (c == '\\') {
      is_escaped_ = true;
    } else if (c == '"') {
      in_string_ = false;
    }
  }

  void new_line() { out_.append("\n").append(depth_ * 2, ' '); }

  std::string out_;
  std::size_t depth_ = 0;
  bool in_string_ = false;
  bool is_escaped_ = false;
  bool is_open_ = true;  // the collection that ends next has something in it
};

// A cell's text: a bar would end the cell.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string default_cell(const Option& option) {
  if (option.is_required) return "required";
  if (option.default_json.empty()) return "–";
  const std::string& json = option.default_json;
  const bool is_bare = json.size() > 2 && json.front() == '"';
  return "`" + cell(is_bare ? json.substr(1, json.size() - 2) : json) + "`";
}

void append_rows(std::string& out, std::span<const Option> options, const std::string& prefix) {
  for (const Option& option : options) {
    const std::string name = prefix + std::string(option.name);
    out += "| `" + name + "` | " + cell(option.type) + " | " + default_cell(option) + " | " +
           cell(meaning(option)) + " |\n";
    if (option.nested.options != nullptr) {
      append_rows(out, option.nested.options(), name + option.nested.infix + ".");
    }
  }
}

}  // namespace

std::string scalar_schema(std::map<std::string, std::string> own, const Keywords& keywords) {
  // Merged as maps, since a name twice would be no JSON of ours.
  for (const auto* more : {&keywords.item, &keywords.whole}) {
    for (const auto& [name, value] : *more) own[name] = value;
  }
  return "{" + join(own) + "}";
}

std::string collection_schema(std::string_view type, std::string_view items_name,
                              std::string_view items, const Keywords& keywords) {
  std::map<std::string, std::string> own = keywords.whole;
  own["type"] = json_quoted(type);
  own[std::string(items_name)] = items;
  return "{" + join(own) + "}";
}

std::string object_schema(std::span<const Option> options) {
  std::string properties;
  std::string required;
  for (const Option& option : options) {
    properties +=
        (properties.empty() ? "" : ",") + json_quoted(option.name) + ":" + property(option);
    if (option.is_required) required += (required.empty() ? "" : ",") + json_quoted(option.name);
  }
  std::string out = "{\"type\":\"object\",\"additionalProperties\":false";
  if (!required.empty()) out += ",\"required\":[" + required + "]";
  return out + ",\"properties\":{" + properties + "}}";
}

std::string schema_of(std::span<const Option> options, std::string_view title) {
  return Indenter::run("{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"title\":" +
                       json_quoted(title) + "," + object_schema(options).substr(1));
}

std::string reference_of(std::span<const Option> options, std::string_view prefix) {
  std::string out = "| option | type | default | meaning |\n|---|---|---|---|\n";
  append_rows(out, options, std::string(prefix));
  return out;
}

}  // namespace sallyport::config
