#include "modules/revocation/revocation_orders.h"

#include <utility>

#include "gateway/base/text.h"
#include "gateway/json/json.h"

namespace sallyport::revocation {
namespace {

std::string error_json(std::string_view text) {
  std::string json = "{\"error\":";
  json::append_quoted(json, text);
  return json + '}';
}

// has_natural_cutoff: these name somebody who goes on to get tokens, so that an order without a
// cut-off means the tokens of until now.
bool has_natural_cutoff(Unit unit) { return unit == Unit::subject || unit == Unit::client; }

}  // namespace

bool RevocationOrders::command(std::string_view verb, std::string_view json, const Answer& answer) {
  if (verb == "revoke") {
    revoke(json, answer);
  } else if (verb == "reinstate") {
    reinstate(json, answer);
  } else if (verb == "revoked") {
    list(json, answer);
  } else {
    return false;
  }
  return true;
}

std::int64_t RevocationOrders::default_end(Unit unit, std::int64_t now) const {
  switch (unit) {
    case Unit::key:
      return kAlways;  // a stolen key makes new tokens for ever
    case Unit::consent:
      return now + terms_.keep_consent.count();
    case Unit::token:
    case Unit::subject:
    case Unit::client:
      return now + terms_.keep.count();
  }
  return kAlways;
}

void RevocationOrders::revoke(std::string_view json, const Answer& answer) {
  auto order = parse_order(json);
  if (!order) return answer(400, error_json(order.error().text));
  const std::int64_t now = keeper_->now();
  if (order->expires.value_or(kAlways) <= now) {
    return answer(400, error_json("\"expires\" is past: nothing would be revoked"));
  }
  Record record;
  record.unit = order->unit;
  record.issuer = std::move(order->issuer);
  record.value = std::move(order->value);
  record.cutoff = order->cutoff.value_or(has_natural_cutoff(record.unit) ? now : kAlways);
  record.expires = order->expires.value_or(default_end(record.unit, now));
  record.made = now;
  record.reason = std::move(order->reason);
  record.who = std::move(order->who);
  if (auto refusal = keeper_->revoke(record, terms_.max_entries)) {
    return answer(refusal->status, error_json(refusal->text));
  }
  std::string done = "{\"revoked\":";
  append_json(done, record);
  done += '}';
  keeper_->when_everywhere([answer, done = std::move(done)] { answer(200, done); });
}

void RevocationOrders::reinstate(std::string_view json, const Answer& answer) {
  const auto order = parse_order(json);
  if (!order) return answer(400, error_json(order.error().text));
  if (auto refusal = keeper_->reinstate(order->unit, order->issuer, order->value)) {
    return answer(refusal->status, error_json(refusal->text));
  }
  std::string done = "{\"reinstated\":{\"unit\":";
  json::append_quoted(done, unit_name(order->unit));
  done += ",\"value\":";
  json::append_quoted(done, order->value);
  done += "}}";
  keeper_->when_everywhere([answer, done = std::move(done)] { answer(200, done); });
}

void RevocationOrders::list(std::string_view json, const Answer& answer) {
  const auto order = parse_list_order(json);
  if (!order) return answer(400, error_json(order.error().text));
  RevocationKeeper::Page page;
  if (auto refusal = keeper_->list(*order, page)) {
    return answer(refusal->status, error_json(refusal->text));
  }
  std::string text = "{\"records\":[";
  for (const Record& record : page.records) {
    if (text.back() != '[') text += ',';
    append_json(text, record);
  }
  text += ']';
  if (!page.next.empty()) text += ",\"next\":\"" + to_hex(page.next) + '"';
  answer(200, text + '}');
}

}  // namespace sallyport::revocation
