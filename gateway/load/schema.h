#pragma once

// The JSON Schema and the reference of the configuration, made of the option tables of the gateway
// and of all modules.

#include <span>
#include <string>

#include "gateway/policy/module.h"

namespace sallyport::load {

// set_modules tells the schema which policies exist; main calls it once before anything else.
void set_modules(std::span<const policy::Module* const> modules);
std::span<const policy::Module* const> modules();

// Sub-schemas of the parts that modules declare.
std::string policies_schema();
std::string route_policies_schema();
std::string modules_schema();

// schema_text is the whole schema, pretty enough to be committed; reference_text is Markdown.
std::string schema_text();
std::string reference_text();
// reasons_text is a Markdown table of every reason of a denial.
std::string reasons_text();

}  // namespace sallyport::load
