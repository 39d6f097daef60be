#include "gateway/config/scalar.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "gateway/base/text.h"
#include "gateway/base/utc.h"
#include "gateway/config/message.h"

namespace sallyport::config {
namespace {

// subject names the node in front of "is ...": its path is printed already, except at the top.
std::string_view subject(const Node& node) { return node.path.empty() ? "the document " : ""; }

std::string_view kind_name(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::null:
      return "empty";
    case Node::Kind::scalar:
      return "a single value";
    case Node::Kind::sequence:
      return "a list";
    case Node::Kind::mapping:
      return "a mapping";
  }
  return "unknown";
}

// is_decimal: digits without sign, and no leading zero, which elsewhere means octal.
bool is_decimal(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return false;
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

// looks_numeric says whether a YAML 1.2 reader takes the plain scalar for a number.
bool looks_numeric(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0o")) return true;
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  if (text == ".inf" || text == ".Inf" || text == ".INF") return true;
  if (text.find_first_of("0123456789") == std::string_view::npos) return false;
  if (text.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return false;
  double ignored = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ignored);
  return error != std::errc::invalid_argument && end == text.data() + text.size();
}

template <class Integer>
std::optional<Integer> decode_integer(const Node& node, Integer min, Integer max,
                                      Findings& findings) {
  if (!is_scalar_for(node, "a whole number such as 10", findings)) return std::nullopt;
  if (node.quoted) {
    findings.error(node,
                   quoted(node.scalar) + " is a text: write a number without quotation marks");
    return std::nullopt;
  }
  std::string_view digits = node.scalar;
  if (digits.starts_with('-')) digits.remove_prefix(1);
  if (!is_decimal(digits)) {
    const bool is_octal = digits.size() > 1 && digits.front() == '0';
    findings.error(node, quoted(node.scalar) +
                             " is no whole number: write digits only, such as 10" +
                             (is_octal ? ", without a leading zero" : ""));
    return std::nullopt;
  }
  Integer value{};
  const char* const end = node.scalar.data() + node.scalar.size();
  const auto [rest, error] = std::from_chars(node.scalar.data(), end, value);
  if (error != std::errc{} || rest != end || value < min || value > max) {
    findings.error(node, fmt::format("{} is out of range: write a whole number from {} to {}",
                                     quoted(node.scalar), min, max));
    return std::nullopt;
  }
  return value;
}

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

// Largest first, for show.
constexpr std::array kDurationUnits{Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000},
                                    Unit{"s", 1000}, Unit{"ms", 1}};
constexpr std::array kSizeUnits{Unit{"g", 1LL << 30}, Unit{"m", 1LL << 20}, Unit{"k", 1LL << 10},
                                Unit{"", 1}};

const Unit* find_unit(std::span<const Unit> units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

std::string show_in_units(std::span<const Unit> units, std::int64_t value) {
  for (const Unit& unit : units) {
    if (value % unit.factor == 0) return fmt::format("{}{}", value / unit.factor, unit.name);
  }
  return {};
}

// A number, its unit, and their product; `product` is nothing when there is no such unit or number,
// or when it is more than `max`.
struct Quantity {
  std::string_view digits;
  std::string_view unit;
  const Unit* known = nullptr;
  std::optional<std::int64_t> product;
};

Quantity split_quantity(std::string_view text, std::span<const Unit> units, std::int64_t max) {
  Quantity q;
  const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  q.digits = text.substr(0, end);
  q.unit = text.substr(end);
  q.known = find_unit(units, q.unit);
  const auto number = parse_decimal<std::int64_t>(q.digits);
  if (q.known != nullptr && number && *number <= max / q.known->factor) {
    q.product = *number * q.known->factor;
  }
  return q;
}

}  // namespace

bool is_scalar_for(const Node& node, std::string_view example, Findings& findings) {
  if (node.is_scalar()) return true;
  findings.error(node,
                 fmt::format("{}is {}: write {}", subject(node), kind_name(node.kind), example));
  return false;
}

bool is_collection_for(const Node& node, Node::Kind kind, Findings& findings) {
  if (node.kind == kind) return true;
  const std::string_view example = kind == Node::Kind::sequence
                                       ? "a list, such as [a, b], or [] for none"
                                       : "a mapping, lines of \"name: value\", or {} for none";
  findings.error(node,
                 fmt::format("{}is {}: write {}", subject(node), kind_name(node.kind), example));
  return false;
}

bool decode_boolean(const Node& node, bool& out, Findings& findings) {
  if (!is_scalar_for(node, "true or false", findings)) return false;
  const std::string_view text = node.scalar;
  if (!node.quoted && (text == "true" || text == "false")) {
    out = text == "true";
    return true;
  }
  const auto is_any_of = [&](std::initializer_list<std::string_view> words) {
    for (const auto word : words) {
      if (equals_ignoring_case(word, text)) return true;
    }
    return false;
  };
  // What older YAML took for booleans means something else to every newer reader.
  std::string_view hint = "true or false";
  if (is_any_of({"true", "yes", "on", "y"})) hint = "true";
  if (is_any_of({"false", "no", "off", "n"})) hint = "false";
  findings.error(node, fmt::format("{} is no boolean: write {}{}", quoted(text), hint,
                                   node.quoted ? " without quotation marks" : ""));
  return false;
}

bool decode_text(const Node& node, std::string& out, Findings& findings) {
  if (!is_scalar_for(node, "a text", findings)) return false;
  const std::string_view text = node.scalar;
  const bool is_boolean = text == "true" || text == "false";
  if (!node.quoted && (is_boolean || looks_numeric(text))) {
    // Another reader of the same file would see 1.10 as 1.1 and 0x10 as 16.
    findings.error(node, fmt::format("{} is a {}, but a text is needed: put it in quotation marks",
                                     text.substr(0, 40), is_boolean ? "boolean" : "number"));
    return false;
  }
  out = node.scalar;
  return true;
}

bool decode_number(const Node& node, double& out, Findings& findings) {
  if (!is_scalar_for(node, "a number such as 0.5", findings)) return false;
  std::string_view digits = node.scalar;
  if (digits.starts_with('-')) digits.remove_prefix(1);
  const std::size_t point = digits.find('.');
  const std::string_view fraction =
      point == std::string_view::npos ? "0" : digits.substr(point + 1);
  const bool is_fraction =
      !fraction.empty() && fraction.find_first_not_of("0123456789") == std::string_view::npos;
  double value = 0;
  const char* const end = node.scalar.data() + node.scalar.size();
  if (node.quoted || !is_fraction || !is_decimal(digits.substr(0, point)) ||
      std::from_chars(node.scalar.data(), end, value).ec != std::errc{}) {
    findings.error(node, quoted(node.scalar) + " is no number: write one such as 10 or 0.5");
    return false;
  }
  out = value;
  return true;
}

std::optional<Milliseconds> decode_duration(const Node& node, Resolution resolution,
                                            Findings& findings) {
  if (!is_scalar_for(node, "a duration such as 15m or 900s", findings)) return std::nullopt;
  const auto fail = [&](std::string_view what) {
    findings.error(node, quoted(node.scalar) + std::string(what));
    return std::nullopt;
  };
  const Quantity q =
      split_quantity(node.scalar, kDurationUnits, Milliseconds(kMaxDuration).count());
  if (is_decimal(q.digits) && q.unit.empty()) {
    return fail(" has no unit: write " + std::string(q.digits.substr(0, 20)) + "s for seconds");
  }
  if (!is_decimal(q.digits) || q.known == nullptr) {
    return fail(" is no duration: write 15m or 900s (the units are ms, s, m, h, d)");
  }
  if (resolution == Resolution::seconds && q.unit == "ms") {
    return fail(" is finer than a second: write whole seconds, such as 1s");
  }
  if (!q.product) return fail(" is longer than 100 years: write a shorter duration");
  return Milliseconds(*q.product);
}

bool decode_size(const Node& node, Size& out, Findings& findings) {
  if (!is_scalar_for(node, "a size such as 16k or 8m", findings)) return false;
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  const Quantity q = split_quantity(node.scalar, kSizeUnits, kMax);
  if (!is_decimal(q.digits) || q.known == nullptr) {
    findings.error(node,
                   quoted(node.scalar) + " is no size: write 4096, 16k, 8m or 1g (powers of 1024)");
    return false;
  }
  if (!q.product) {
    findings.error(node, quoted(node.scalar) + " is too large: write a smaller size");
    return false;
  }
  out.bytes = static_cast<std::uint64_t>(*q.product);
  return true;
}

bool decode_timestamp(const Node& node, Timestamp& out, Findings& findings) {
  constexpr std::string_view kExample = "a time such as 2026-01-31T12:00:00Z";
  if (!is_scalar_for(node, kExample, findings)) return false;
  const auto moment = parse_utc(node.scalar);
  if (!moment) {
    findings.error(
        node, quoted(node.scalar) + " is no time in UTC: write " + std::string(kExample.substr(2)));
    return false;
  }
  out.unix_seconds = *moment;
  return true;
}

bool decode_file(const Node& node, File& out, Findings& findings) {
  std::string path;
  if (!decode_text(node, path, findings)) return false;
  if (path.empty()) {
    findings.error(node, "an empty path: write the path of a file");
    return false;
  }
  out.path = resolve_path(node, path);
  return true;
}

std::optional<std::int64_t> decode_signed(const Node& node, std::int64_t min, std::int64_t max,
                                          Findings& findings) {
  return decode_integer<std::int64_t>(node, min, max, findings);
}

std::optional<std::uint64_t> decode_unsigned(const Node& node, std::uint64_t max,
                                             Findings& findings) {
  return decode_integer<std::uint64_t>(node, 0, max, findings);
}

std::string show(Milliseconds duration) {
  return duration.count() == 0 ? "0s" : show_in_units(kDurationUnits, duration.count());
}

std::string show(Size size) {
  if (size.bytes == 0) return "0";
  return show_in_units(kSizeUnits, static_cast<std::int64_t>(size.bytes));
}

}  // namespace sallyport::config
