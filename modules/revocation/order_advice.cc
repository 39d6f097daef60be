#include "modules/revocation/order_advice.h"

#include <algorithm>

#include "gateway/base/utc.h"
#include "modules/revocation/issuer.h"

namespace sallyport::revocation {
namespace {

constexpr std::string_view kOpaque = "sha256:";

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool has_outer_blanks(std::string_view text) {
  return !text.empty() && (is_blank(text.front()) || is_blank(text.back()));
}

// is_whole_token: a JWT's header begins with {" in base64url.
bool is_whole_token(std::string_view value) {
  return value.starts_with("eyJ") && std::ranges::count(value, '.') >= 2;
}

}  // namespace

std::vector<const policy::IssuerTerms*> OrderAdvice::concerned(const Order& order) const {
  std::vector<const policy::IssuerTerms*> all;
  for (const policy::IssuerTerms& one : issuers_) {
    if (order.issuer.empty() || issuer_id(one.issuer) == issuer_id(order.issuer)) {
      all.push_back(&one);
    }
  }
  return all;
}

std::string OrderAdvice::mistake(const Order& order) const {
  if (order.unit == Unit::token && is_whole_token(order.value)) {
    return "\"value\" is a whole token, and a token is revoked by its jti: give the token to "
           "`sallyport "
           "revoke token` on standard input";
  }
  if (order.issuer.empty() || !concerned(order).empty()) return {};
  const auto named = std::ranges::find(issuers_, order.issuer, &policy::IssuerTerms::name);
  if (named == issuers_.end()) return {};
  return "\"issuer\" is a name of the configuration; write the iss that its tokens have: " +
         named->issuer;
}

Seconds OrderAdvice::leeway(const Order& order) const {
  auto all = concerned(order);
  // An issuer that only another gateway knows is as far ahead as any that is known here.
  if (all.empty()) {
    for (const policy::IssuerTerms& one : issuers_) all.push_back(&one);
  }
  Seconds most{0};
  for (const policy::IssuerTerms* one : all) most = std::max(most, one->leeway);
  return most;
}

std::string OrderAdvice::known_issuers() const {
  std::string text;
  for (const policy::IssuerTerms& one : issuers_) {
    if (!text.empty()) text += ", ";
    text += one.issuer;
  }
  return text;
}

void OrderAdvice::note_issuers(const Order& order, std::vector<std::string>& to) const {
  if (issuers_.empty()) {
    to.emplace_back(
        "this gateway verifies no tokens (it has no modules.bearer.issuers), so the order "
        "refuses nothing here");
  } else if (concerned(order).empty()) {
    to.push_back(
        "modules.bearer.issuers has no issuer with this iss, so the order refuses nothing here; "
        "those that are there: " +
        known_issuers());
  }
}

void OrderAdvice::note_unit(const Order& order, std::vector<std::string>& to) const {
  const auto all = concerned(order);
  if (all.empty()) return;
  const auto none = [&](auto has) { return std::ranges::none_of(all, has); };
  if (order.unit == Unit::consent &&
      none([](const policy::IssuerTerms* one) { return one->has_consents; })) {
    to.emplace_back(
        "no issuer that this is about has a consent_id_claim, so no token has a consent "
        "here and the order refuses nothing");
  }
  if (order.unit == Unit::token && order.value.starts_with(kOpaque) &&
      none([](const policy::IssuerTerms* one) { return one->has_opaque; })) {
    to.emplace_back(
        "no issuer that this is about has `introspection`, so no opaque token is accepted "
        "here and the order refuses nothing more");
  }
}

std::vector<std::string> OrderAdvice::notes(const Order& order, const Record& record,
                                            std::int64_t now, Seconds keep) const {
  std::vector<std::string> notes;
  if (order.unit != Unit::certificate) {
    note_issuers(order, notes);
    note_unit(order, notes);
  }
  if (has_outer_blanks(order.value)) {
    notes.emplace_back(
        "\"value\" begins or ends with white space, which counts: only a claim with the "
        "same white space is refused");
  }
  if (record.cutoff != kAlways && record.cutoff < now - keep.count()) {
    notes.push_back(
        "the cut-off " + utc_text(record.cutoff) +
        " is longer ago than "
        "modules.revocation.keep: a token that was issued by then should have expired, and "
        "those issued later are not refused");
  }
  return notes;
}

}  // namespace sallyport::revocation
