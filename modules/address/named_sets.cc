#include "modules/address/named_sets.h"

#include <array>

namespace sallyport::address {
namespace {

constexpr std::array<std::string_view, 2> kPlaidCurrent = {
    "162.120.88.0/22",
    "2602:f74b::/40",
};

// Plaid asks to keep these where they are allowed already. Its security page names the first six,
// its implementation checklist all eighteen.
constexpr std::array<std::string_view, 18> kPlaidLegacy = {
    // on the security page and the checklist
    "18.214.218.91",
    "3.211.30.208",
    "3.214.25.67",
    "54.88.74.128",
    "54.208.59.10",
    "54.88.202.28",
    // on the checklist only
    "34.199.37.46",
    "35.168.137.48",
    "3.215.49.214",
    "34.202.178.138",
    "52.0.205.192",
    "52.3.166.211",
    "35.174.147.86",
    "52.88.82.239",
    "52.41.247.19",
    "3.233.249.56",
    "35.153.85.253",
    "3.219.116.195",
};

constexpr std::array<std::string_view, 2> kLoopback = {"127.0.0.0/8", "::1"};

constexpr std::array<NamedSet, 3> kSets = {{
    {"plaid-current", "The two blocks that Plaid calls from.", kPlaidCurrent},
    {"plaid-legacy", "The eighteen older addresses that Plaid asks to keep.", kPlaidLegacy},
    {"loopback", "This machine itself.", kLoopback},
}};

}  // namespace

std::span<const NamedSet> named_sets() { return kSets; }

const NamedSet* find_named_set(std::string_view name) {
  for (const NamedSet& set : kSets) {
    if (set.name == name) return &set;
  }
  return nullptr;
}

}  // namespace sallyport::address
