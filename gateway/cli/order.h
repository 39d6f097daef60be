#pragma once

// Orders to the running gateway whose answer is JSON.

#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/crypto/pem_file.h"
#include "gateway/json/json.h"

namespace sallyport::cli {

struct OrderAnswer {
  std::string text;  // as it came
  json::Value value;
};

// give_order posts to /command/`verb`; an answer that is a refusal becomes an error.
Result<OrderAnswer> give_order(const std::string& socket, std::string_view verb,
                               std::string_view order = "{}");

// read_certificate_file reads a PEM file of at most 4 MiB and returns its certificates as PEM, and
// nothing else of it: a key beside them goes nowhere. With `use` trust, a key is an error.
Result<std::string> read_certificate_file(const std::string& path, crypto::PemUse use);

// parse_moment reads RFC 3339 in UTC or a date; the error says what to write.
Result<std::int64_t> parse_moment(const std::string& text);

}  // namespace sallyport::cli
