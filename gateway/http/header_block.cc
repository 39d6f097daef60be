#include "gateway/http/header_block.h"

namespace sallyport::http {
namespace {

constexpr std::size_t kSeparator = 2;  // ": "
// RFC 9113 section 6.5.2: what a field counts besides its octets, against the announced limit.
constexpr std::size_t kFieldOverhead = 32;

}  // namespace

void HeaderBlock::clear() {
  text_.clear();
  entries_.clear();
  total_ = 0;
  violation_.reset();
}

void HeaderBlock::add(std::string_view name, std::string_view value) {
  if (violation_) return;
  total_ += name.size() + value.size() + kFieldOverhead;
  if (name.size() + kSeparator + value.size() > limits_.max_field_bytes) {
    violation_ = Violation::field_too_large;
  } else if (total_ > limits_.max_head_bytes) {
    violation_ = Violation::head_too_large;
  } else if (entries_.size() >= limits_.max_fields) {
    violation_ = Violation::too_many_fields;
  } else {
    text_.append(name).append(value);
    entries_.push_back({name.size(), value.size()});
  }
}

void HeaderBlock::append_to(Fields& fields, Arena& arena) const {
  const std::string_view text = arena.copy(text_);
  std::size_t at = 0;
  for (const Entry& entry : entries_) {
    fields.add_parsed(text.substr(at, entry.name), text.substr(at + entry.name, entry.value));
    at += entry.name + entry.value;
  }
}

}  // namespace sallyport::http
