#include <algorithm>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/net/address.h"

namespace sallyport::net {
namespace {

using V6 = std::array<std::uint64_t, 2>;

std::uint32_t v4_number(const Address& address) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8 | address.bytes()[i];
  return number;
}

V6 v6_number(const Address& address) {
  V6 number{};
  for (std::size_t i = 0; i < 16; ++i) number[i / 8] = number[i / 8] << 8 | address.bytes()[i];
  return number;
}

bool is_last(std::uint32_t number) { return number == UINT32_MAX; }
bool is_last(const V6& number) { return number[0] == UINT64_MAX && number[1] == UINT64_MAX; }
std::uint32_t next(std::uint32_t number) { return number + 1; }
V6 next(V6 number) {
  if (++number[1] == 0) ++number[0];
  return number;
}

// merge sorts the ranges and joins those that overlap or touch.
template <class Range>
void merge(std::vector<Range>& ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const Range& a, const Range& b) { return a.first < b.first; });
  std::size_t kept = 0;
  for (const Range& range : ranges) {
    if (kept > 0) {
      Range& previous = ranges[kept - 1];
      if (is_last(previous.last) || range.first <= next(previous.last)) {
        previous.last = std::max(previous.last, range.last);
        continue;
      }
    }
    ranges[kept++] = range;
  }
  ranges.resize(kept);
  ranges.shrink_to_fit();
}

// find looks for the last range that begins at or before `number`. The loop has no branch to
// mispredict: its length depends on the size alone.
template <class Range, class Number>
bool find(const std::vector<Range>& ranges, const Number& number) {
  if (ranges.empty()) return false;
  const Range* base = ranges.data();
  std::size_t size = ranges.size();
  while (size > 1) {
    const std::size_t half = size / 2;
    base = base[half].first <= number ? base + half : base;
    size -= half;
  }
  return base->first <= number && number <= base->last;
}

}  // namespace

void PrefixSet::Builder::add(const Prefix& prefix) {
  ranges_.push_back({prefix.first(), prefix.last()});
}

void PrefixSet::Builder::add_range(const Address& first, const Address& last) {
  SALLYPORT_CHECK(first.family() != Family::none && first.family() == last.family());
  SALLYPORT_CHECK(first <= last);
  ranges_.push_back({first, last});
}

Result<void> PrefixSet::Builder::add_text(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) {
    auto prefix = Prefix::parse(text);
    if (!prefix) return prefix.error();
    add(*prefix);
    return {};
  }
  const auto first = Address::parse(trim(text.substr(0, dash)));
  const auto last = Address::parse(trim(text.substr(dash + 1)));
  if (!first || !last || first->family() != last->family() || *last < *first) {
    return Error{Fault::gateway, "\"" + std::string(text.substr(0, 80)) +
                                     "\": no range of addresses (write first-last, both of one "
                                     "kind, the smaller one first)"};
  }
  add_range(*first, *last);
  return {};
}

PrefixSet PrefixSet::Builder::build() && {
  PrefixSet set;
  for (const Range& range : ranges_) {
    if (range.first.family() == Family::v4) {
      set.v4_.push_back({v4_number(range.first), v4_number(range.last)});
    } else {
      set.v6_.push_back({v6_number(range.first), v6_number(range.last)});
    }
  }
  merge(set.v4_);
  merge(set.v6_);
  return set;
}

bool PrefixSet::contains(const Address& address) const {
  switch (address.family()) {
    case Family::v4:
      return find(v4_, v4_number(address));
    case Family::v6:
      return find(v6_, v6_number(address));
    case Family::none:
      break;
  }
  return false;
}

}  // namespace sallyport::net
