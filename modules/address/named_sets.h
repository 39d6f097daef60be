#pragma once

// Address sets that come with the gateway, so that nobody has to type them.

#include <span>
#include <string_view>

namespace sallyport::address {

struct NamedSet {
  std::string_view name;
  std::string_view help;
  std::span<const std::string_view> entries;  // addresses and blocks
};

std::span<const NamedSet> named_sets();

// find_named_set returns the set of exactly that name, or null.
const NamedSet* find_named_set(std::string_view name);

}  // namespace sallyport::address
