// Fuzzes what is read at the endpoints of OAuth: a client's request, and a server's token response.
// The request may begin with lines "> Name: value" and "? query"; the rest is its body. A form that
// is taken has the same grant for every sloppy reader below. A response is taken whole or not at
// all, and a grant that was learned can be stored and read again.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "modules/oauth/grant.h"
#include "modules/oauth/gzip.h"
#include "modules/oauth/oauth_form.h"
#include "modules/oauth/oauth_request.h"

namespace {

using namespace sallyport;

// Sloppy is a reader that makes its own of a body.
struct Sloppy {
  std::string_view separators = "&";
  bool decodes_twice = false;
  bool keeps_plus = false;
  bool cuts_at_equals = false;
  bool cuts_at_nul = false;
  bool folds = false;
};

std::string decoded(const Sloppy& reader, std::string_view text) {
  std::string once(text);
  for (int i = 0; i < (reader.decodes_twice ? 2 : 1); ++i) {
    // What has been decoded once has no blanks left to be written as '+'.
    if (reader.keeps_plus || i > 0) {
      for (std::size_t at = 0; (at = once.find('+', at)) != once.npos; ++at)
        once.replace(at, 1, "%2B");
    }
    once = oauth::decode_escapes(once).value_or(once);
  }
  return reader.cuts_at_nul ? once.substr(0, once.find('\0')) : once;
}

std::string name_of(const Sloppy& reader, std::string_view text) {
  std::string name = decoded(reader, text);
  if (!reader.folds) return name;
  name = name.substr(0, name.find('['));
  std::ranges::transform(name, name.begin(), to_lower);
  std::ranges::replace(name, '.', '_');
  return std::string(trim(name));
}

// values lists all that the reader finds under a name, but for empty ones.
std::vector<std::string> values(const Sloppy& reader, std::string_view body,
                                std::string_view wanted) {
  std::vector<std::string> found;
  while (!body.empty()) {
    const std::size_t end = std::min(body.find_first_of(reader.separators), body.size());
    const std::string_view pair = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    const std::size_t equals = pair.find('=');
    if (equals == pair.npos || name_of(reader, pair.substr(0, equals)) != wanted) continue;
    std::string_view value = pair.substr(equals + 1);
    if (reader.cuts_at_equals) value = value.substr(0, value.find('='));
    std::string read = decoded(reader, value);
    if (reader.folds) read = std::string(trim(read));
    if (!read.empty()) found.push_back(std::move(read));
  }
  return found;
}

void check_readers(std::string_view body, const oauth::OauthRequest& request) {
  for (const Sloppy& reader :
       {Sloppy{}, Sloppy{.separators = "&;"}, Sloppy{.separators = "&;\r\n,"},
        Sloppy{.decodes_twice = true}, Sloppy{.keeps_plus = true}, Sloppy{.cuts_at_equals = true},
        Sloppy{.cuts_at_nul = true}, Sloppy{.folds = true}}) {
    const auto check = [&](std::string_view name, const std::string& judged) {
      const auto found = values(reader, body, name);
      SALLYPORT_CHECK(found.size() == (judged.empty() ? 0U : 1U));
      SALLYPORT_CHECK(judged.empty() || found.front() == judged);
    };
    // A comma separates for nobody whom we know; the values have none then.
    if (reader.separators.size() > 2 && body.find(',') != body.npos) continue;
    check("grant_type", request.grant_type);
    check("refresh_token", request.refresh_token);
    check("token", request.token);
  }
}

void read_request(std::string_view text, oauth::Kind kind) {
  http::RequestHead head;
  head.method = http::Method::post;
  bool has_type = false;
  while (text.starts_with("> ") || text.starts_with("? ")) {
    const bool is_field = text.front() == '>';
    const std::string_view line = text.substr(2, text.find('\n') - 2);
    text.remove_prefix(std::min(line.size() + 3, text.size()));
    if (is_field) {
      const std::string_view name = line.substr(0, line.find(':'));
      has_type = has_type || equals_ignoring_case(name, "content-type");
      head.fields.add(name, trim(line.substr(std::min(name.size() + 1, line.size()))));
    } else {
      head.target.has_query = true;
      head.target.query = line;
    }
  }
  if (!has_type) head.fields.add("Content-Type", "application/x-www-form-urlencoded");
  const auto request = oauth::read_oauth_request(head, text, kind, "tenant=a");
  if (!request) return;
  SALLYPORT_CHECK(!head.target.has_query || head.target.query == "tenant=a");
  for (const std::string& client : request->clients.named) {
    SALLYPORT_CHECK(!client.empty() && client.size() <= policy::kMaxRevocableName);
  }
  check_readers(text, *request);
  // Twice the same parameter is never taken.
  const std::string twice = std::string(text) + "&grant_type=x&token=x";
  if (!request->grant_type.empty() || !request->token.empty()) {
    SALLYPORT_CHECK(!oauth::read_oauth_request(head, twice, kind, "tenant=a"));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::int64_t kNow = 1'800'000'000;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_request(text, oauth::Kind::token);
  read_request(text, oauth::Kind::revocation);
  std::string unpacked;
  oauth::gunzip(text, 4096, unpacked);
  SALLYPORT_CHECK(unpacked.size() <= 2 * 4096);
  if (const auto learned = oauth::read_token_response(text, kNow)) {
    SALLYPORT_CHECK(!learned->keys.empty() && learned->keys.size() <= 2);
    for (const std::string& key : learned->keys) SALLYPORT_CHECK(key.size() == 32);
    SALLYPORT_CHECK(!learned->grant.access_id.empty() && learned->grant.access_ends > kNow);
    SALLYPORT_CHECK(oauth::decode_grant(oauth::encode_grant(learned->grant)) == learned->grant);
  }
  if (const auto grant = oauth::decode_grant(text)) {
    SALLYPORT_CHECK(oauth::encode_grant(*grant) == text);
  }
  return 0;
}
