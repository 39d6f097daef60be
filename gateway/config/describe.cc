#include "gateway/config/describe.h"

#include "gateway/base/check.h"
#include "gateway/json/value.h"

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
  json::Draft schema = json::Draft::object();
  schema.set("$schema", "https://json-schema.org/draft/2020-12/schema").set("title", title);
  const auto object = json::Draft::read(object_schema(options));
  SALLYPORT_CHECK(object.has_value());
  return schema.add_members_of(*object).dump_indented();
}

std::string reference_of(std::span<const Option> options, std::string_view prefix) {
  std::string out = "| option | type | default | meaning |\n|---|---|---|---|\n";
  append_rows(out, options, std::string(prefix));
  return out;
}

}  // namespace sallyport::config
