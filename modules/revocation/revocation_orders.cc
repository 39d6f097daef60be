#include "modules/revocation/revocation_orders.h"

#include <algorithm>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/json/value.h"

namespace sallyport::revocation {
namespace {

// has_natural_cutoff: these name somebody who goes on to get tokens, so that an order without a
// cut-off means the tokens of until now.
bool has_natural_cutoff(Unit unit) { return unit == Unit::subject || unit == Unit::client; }

// text_of says what is true of a revocation that could not be taken out of the Redis.
std::string text_of(const NotErased& why, Origin origin) {
  if (why.was_sent) {
    return "the Redis was told to delete this revocation and has not confirmed it, so it stays in "
           "force "
           "here; if the deletion was carried out, it is lifted when the Redis can be read "
           "again: " +
           why.text;
  }
  const std::string where = origin == Origin::order
                                ? "it was ordered here and is still to be written to the Redis"
                                : "the Redis has it, as far as is known";
  return "the Redis cannot be reached, so nothing was changed: this revocation stays in force (" +
         where + "). Order it again when the Redis is back: " + why.text;
}

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
    case Unit::certificate:
      return kAlways;  // and a stolen certificate's key opens new connections
    case Unit::consent:
      return now + terms_.keep_consent.count();
    case Unit::token:
    case Unit::subject:
    case Unit::client:
      return now + terms_.keep.count();
  }
  return kAlways;
}

void RevocationOrders::note(std::string_view event, const Record& record, Notices& notices) {
  std::string text(unit_name(record.unit));
  text += ' ' + record.value + " of " + (record.issuer.empty() ? "any issuer" : record.issuer) +
          ", by " + (record.who.empty() ? "(not said)" : record.who) + ": " +
          (record.reason.empty() ? "(not said)" : record.reason);
  notices.push_back({"info", event, std::move(text)});
}

// set_back is by how many seconds the clock was set back just now: when it is set right again, what
// lives for a while from now on must not have ended.
std::int64_t RevocationOrders::set_back() const {
  const ClockWatch& clock = keeper_->clock();
  if (!clock.has_jumped()) return 0;
  return std::max<std::int64_t>(-clock.jump().count() / 1000, 0);
}

// why_no_cutoff says why "now" is no cut-off just now; empty: it is.
std::string RevocationOrders::why_no_cutoff() const {
  keeper_->look_at_clock();
  const ClockWatch& clock = keeper_->clock();
  if (!clock.has_jumped()) return {};
  return "the wall clock has jumped by " + std::to_string(clock.jump().count()) +
         " ms, so it is not certain which time \"now\" is: name the cut-off (--cutoff TIME, "
         "\"cutoff\"), "
         "or wait until the clock has kept step for " +
         std::to_string(clock.trial().count()) + " s";
}

void RevocationOrders::revoke(std::string_view json, const Answer& answer) {
  auto order = parse_order(json);
  if (!order) return answer(400, json::error_text(order.error().text));
  if (const auto wrong = advice_.mistake(*order); !wrong.empty()) {
    return answer(400, json::error_text(wrong));
  }
  const bool means_now = !order->cutoff && has_natural_cutoff(order->unit);
  if (means_now) {
    if (const auto why = why_no_cutoff(); !why.empty()) return answer(409, json::error_text(why));
  }
  keeper_->look_at_clock();
  const std::int64_t now = keeper_->now();
  if (order->expires.value_or(kAlways) <= now) {
    return answer(400, json::error_text("\"expires\" is past: nothing would be revoked"));
  }
  const Seconds leeway = advice_.leeway(*order);
  Record record;
  record.unit = order->unit;
  record.issuer = order->issuer;
  record.value = order->value;
  record.cutoff = order->cutoff.value_or(means_now ? now + leeway.count() : kAlways);
  record.expires = order->expires.value_or(default_end(record.unit, now + set_back()));
  record.made = now;
  record.reason = order->reason;
  record.who = order->who;
  if (auto refusal = keeper_->revoke(record, terms_.max_entries)) {
    return answer(refusal->status, json::error_text(refusal->text));
  }
  note("revoked", record, *notices_);
  json::Draft done = json::Draft::object().set("revoked", describe(record));
  if (means_now) done.set("leeway_s", leeway.count());
  json::Draft notes = json::Draft::list(advice_.notes(*order, record, now, terms_.keep));
  if (!notes.is_empty()) done.set("notes", std::move(notes));
  const auto tell = [keeper = keeper_, answer](const json::Draft& told) {
    keeper->when_everywhere([answer, text = told.dump()] { answer(200, text); });
  };
  if (!follower_) return tell(done);
  follower_->write(record, [tell, done](bool is_written) {
    tell(json::Draft(done).set("redis", is_written ? "written" : "pending"));
  });
}

void RevocationOrders::reinstate(std::string_view json, const Answer& answer) {
  const auto order = parse_order(json);
  if (!order) return answer(400, json::error_text(order.error().text));
  if (const auto wrong = advice_.mistake(*order); !wrong.empty()) {
    return answer(400, json::error_text(wrong));
  }
  Record record;
  record.unit = order->unit;
  record.issuer = order->issuer;
  record.value = order->value;
  record.reason = order->reason;
  record.who = order->who;
  const auto known = keeper_->find(order->unit, order->issuer, order->value);
  if (!follower_ || !known || !known->has_value())
    return take_back(*keeper_, record, *notices_, answer);
  record.expires = (*known)->expires;
  record.origin = (*known)->origin;
  follower_->reinstate(
      record, [keeper = keeper_, record, notices = notices_, answer](const NotErased& why) {
        if (why.text.empty()) return take_back(*keeper, record, *notices, answer);
        answer(503, json::error_text(text_of(why, record.origin)));
      });
}

void RevocationOrders::take_back(RevocationKeeper& keeper, const Record& record, Notices& notices,
                                 const Answer& answer) {
  if (auto refusal = keeper.reinstate(record.unit, record.issuer, record.value)) {
    return answer(refusal->status, json::error_text(refusal->text));
  }
  note("reinstated", record, notices);
  json::Draft what =
      json::Draft::object().set("unit", unit_name(record.unit)).set("value", record.value);
  std::string done = json::Draft::object().set("reinstated", std::move(what)).dump();
  keeper.when_everywhere([answer, done = std::move(done)] { answer(200, done); });
}

void RevocationOrders::list(std::string_view json, const Answer& answer) {
  const auto order = parse_list_order(json);
  if (!order) return answer(400, json::error_text(order.error().text));
  RevocationKeeper::Page page;
  if (auto refusal = keeper_->list(*order, page)) {
    return answer(refusal->status, json::error_text(refusal->text));
  }
  json::Draft records = json::Draft::array();
  for (const Record& record : page.records) records.add(describe(record));
  json::Draft all = json::Draft::object().set("records", std::move(records));
  if (follower_) all.set("redis", follower_->status());
  answer(200, all.text("next", to_hex(page.next)).dump());
}

}  // namespace sallyport::revocation
