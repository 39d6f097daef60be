#include "modules/oauth/token_answer.h"

#include <string>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/json/json.h"
#include "modules/oauth/gzip.h"

namespace sallyport::oauth {
namespace {

// unpack returns the body without its coding, in `unpacked` where it has one; a problem where it
// cannot.
std::optional<NotLearned> unpack(const policy::Answer& answer, std::string& unpacked,
                                 std::string_view& body) {
  if (!answer.is_whole) return NotLearned::too_long;
  const http::Field* coding = answer.head.fields.find("content-encoding");
  if (coding == nullptr || equals_ignoring_case(coding->value, "identity")) {
    body = answer.body;
    return std::nullopt;
  }
  const bool is_gzip =
      equals_ignoring_case(coding->value, "gzip") || equals_ignoring_case(coding->value, "x-gzip");
  if (!is_gzip || answer.head.fields.count("content-encoding") != 1) return NotLearned::coding;
  switch (gunzip(answer.body, kMaxTokenResponse, unpacked)) {
    case Unpacked::whole:
      body = unpacked;
      return std::nullopt;
    case Unpacked::too_long:
      return NotLearned::too_long;
    case Unpacked::broken:
      break;
  }
  return NotLearned::coding;
}

// issues_nothing: an empty answer, and some servers say their errors with status 200.
bool issues_nothing(std::string_view body) {
  if (body.empty()) return true;
  const auto answer = json::parse(body, {.max_bytes = kMaxTokenResponse});
  if (!answer || !answer->is_object() || !answer->member("error").string()) return false;
  for (const std::string_view name : {"access_token", "refresh_token", "id_token"}) {
    if (answer->member(name).string()) return false;
  }
  return true;
}

}  // namespace

std::string_view to_string(NotLearned why) {
  switch (why) {
    case NotLearned::too_long:
      return "too_long";
    case NotLearned::coding:
      return "coding";
    case NotLearned::form:
      return "form";
    case NotLearned::name:
      return "name";
    case NotLearned::not_written:
      return "not_written";
  }
  return {};
}

TokenAnswer read_token_answer(const policy::Answer& answer, std::int64_t now) {
  std::string unpacked;
  std::string_view body;
  if (const auto problem = unpack(answer, unpacked, body)) return {{}, problem};
  auto learned = read_token_response(body, now);
  if (!learned && issues_nothing(body)) return {};
  if (!learned) return {{}, NotLearned::form};
  const bool is_partial = learned->has_long_name;
  return {std::move(learned),
          is_partial ? std::optional(NotLearned::name) : std::optional<NotLearned>()};
}

void AnswerService::metrics(std::vector<policy::Metric>& to) const {
  for (std::size_t i = 0; i < kNotLearned; ++i) {
    const auto why = static_cast<NotLearned>(i);
    to.push_back(
        {"revocation_answers_not_learned_total",
         "Answers of a token endpoint that were passed on although the gateway cannot tell later "
         "whose their tokens are.",
         true, "why", std::string(to_string(why)), static_cast<double>(counts_->total(why))});
  }
}

// notices gives one alarm for all that has happened since the last.
std::vector<policy::Notice> AnswerService::notices() {
  std::string what;
  for (std::size_t i = 0; i < kNotLearned; ++i) {
    const auto why = static_cast<NotLearned>(i);
    const std::uint64_t total = counts_->total(why);
    const std::uint64_t fresh = total - std::exchange(told_[i], total);
    if (fresh == 0) continue;
    if (!what.empty()) what += ", ";
    what += std::to_string(fresh) + " " + std::string(to_string(why));
  }
  if (what.empty()) return {};
  return {
      {"error", "grant_alarm",
       "answers of a token endpoint were passed on and not learned (" + what +
           "): a revocation of their user or consent will not stop their refresh tokens, only one "
           "of the client; the requests' lines have learned=no and say why"}};
}

}  // namespace sallyport::oauth
