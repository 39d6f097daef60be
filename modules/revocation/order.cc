#include "modules/revocation/order.h"

#include <array>
#include <functional>
#include <span>

#include "gateway/base/text.h"
#include "gateway/json/json.h"
#include "modules/revocation/record.h"

namespace sallyport::revocation {
namespace {

constexpr std::int64_t kLatest = 253'402'300'799;  // the end of the year 9999

Error mistake(std::string text) { return {Fault::client, std::move(text)}; }

// Member is one that an order may have; `take` says what is wrong with its value, or nothing.
struct Member {
  std::string_view name;
  std::function<std::string(const json::Value&)> take;
};

std::function<std::string(const json::Value&)> text_into(std::string& to, std::size_t longest) {
  return [&to, longest](const json::Value& value) -> std::string {
    if (!value.string()) return "is no text";
    if (value.string()->size() > longest) {
      return "is longer than " + std::to_string(longest) + " bytes";
    }
    to = *value.string();
    return {};
  };
}

std::function<std::string(const json::Value&)> time_into(std::optional<std::int64_t>& to) {
  return [&to](const json::Value& value) -> std::string {
    const auto seconds = value.integer();
    if (!seconds || *seconds <= 0 || *seconds > kLatest) return "is no time in Unix seconds";
    to = *seconds;
    return {};
  };
}

template <class To>
std::function<std::string(const json::Value&)> unit_into(To& to) {
  return [&to](const json::Value& value) -> std::string {
    const auto unit = unit_of(value.string().value_or(""));
    if (!unit) return "is none of jti, subject, client, consent, kid, cert";
    to = *unit;
    return {};
  };
}

std::function<std::string(const json::Value&)> limit_into(std::size_t& to) {
  return [&to](const json::Value& value) -> std::string {
    const auto limit = value.integer();
    if (!limit || *limit < 1 || *limit > static_cast<std::int64_t>(kMaxPage)) {
      return "is no number from 1 to " + std::to_string(kMaxPage);
    }
    to = static_cast<std::size_t>(*limit);
    return {};
  };
}

// from_hex reads what to_hex wrote.
std::function<std::string(const json::Value&)> hex_into(std::string& to) {
  return [&to](const json::Value& value) -> std::string {
    const std::string_view hex = value.string().value_or("");
    if (hex.empty() || hex.size() % 2 != 0 || hex.size() > 2 * kMaxRemark) return "is no page mark";
    for (std::size_t i = 0; i < hex.size(); i += 2) {
      const int high = hex_value(hex[i]);
      const int low = hex_value(hex[i + 1]);
      if (high < 0 || low < 0) return "is no page mark";
      to += static_cast<char>(high * 16 + low);
    }
    return {};
  };
}

// read takes the members out of an object; the error names the first that is wrong.
Result<void> read(std::string_view text, std::span<const Member> members) {
  const auto object = json::parse(text, {.max_bytes = 16 * 1024, .max_depth = 2});
  if (!object) return mistake("the order is not valid JSON: " + object.error().text);
  if (!object->is_object()) return mistake("the order is no JSON object");
  std::string wrong;
  object->for_each_member([&](std::string_view name, const json::Value& value) {
    if (!wrong.empty()) return;
    for (const Member& member : members) {
      if (member.name != name) continue;
      const std::string problem = member.take(value);
      if (!problem.empty()) wrong = "\"" + std::string(name) + "\" " + problem;
      return;
    }
    wrong = "\"" + std::string(name) + "\" is not known in this order";
  });
  if (!wrong.empty()) return mistake(wrong);
  return {};
}

Result<void> check_certificate(Order& order) {
  if (order.unit != Unit::certificate) return {};
  auto value = certificate_value(order.value);
  if (!value) {
    return mistake(
        "\"value\" is no fingerprint: it is the SHA-256 of the certificate, as 64 "
        "hexadecimal digits");
  }
  if (order.cutoff) return mistake("a certificate is revoked whole: leave \"cutoff\" out");
  if (!order.issuer.empty()) {
    return mistake("a certificate belongs to no token's issuer: leave \"issuer\" out");
  }
  order.value = *std::move(value);
  return {};
}

}  // namespace

Result<Order> parse_order(std::string_view json) {
  Order order;
  std::optional<Unit> unit;
  const std::array members{
      Member{"unit", unit_into(unit)},
      Member{"value", text_into(order.value, kMaxName)},
      Member{"issuer", text_into(order.issuer, kMaxName)},
      Member{"cutoff", time_into(order.cutoff)},
      Member{"expires", time_into(order.expires)},
      Member{"reason", text_into(order.reason, kMaxRemark)},
      Member{"who", text_into(order.who, kMaxRemark)},
  };
  if (auto done = read(json, members); !done) return done.error();
  if (!unit) return mistake("\"unit\" is missing: say what to revoke");
  if (order.value.empty()) return mistake("\"value\" is missing or empty");
  order.unit = *unit;
  if (order.unit == Unit::token) order.value = token_value(std::move(order.value));
  if (auto done = check_certificate(order); !done) return done.error();
  return order;
}

Result<ListOrder> parse_list_order(std::string_view json) {
  ListOrder order;
  if (json.empty()) return order;
  const std::array members{
      Member{"unit", unit_into(order.unit)},
      Member{"value", text_into(order.value, kMaxName)},
      Member{"issuer", text_into(order.issuer, kMaxName)},
      Member{"after", hex_into(order.after)},
      Member{"limit", limit_into(order.limit)},
  };
  if (auto done = read(json, members); !done) return done.error();
  return order;
}

}  // namespace sallyport::revocation
