#pragma once

// What a route says of the fields that a client may send through it.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/findings.h"
#include "gateway/config/values.h"
#include "gateway/http/field_set.h"

namespace sallyport::load {

// NamedFieldSet is a set of fields that comes with the gateway, so that nobody has to type it.
struct NamedFieldSet {
  std::string_view name;
  std::span<const std::string_view> fields;
};

std::span<const NamedFieldSet> named_field_sets();

// read_request_fields reads names of fields and of sets. A word in lower case without a dash is a
// set, unless HTTP knows a field of that name: so a set that is misspelt is no field. Findings:
// sets that there are not, texts that are no names, and fields that no client can send through.
std::shared_ptr<const http::FieldSet> read_request_fields(
    const std::vector<config::At<std::string>>& texts, config::Findings& findings);

}  // namespace sallyport::load
