// Fuzzes what is read at the endpoints of OAuth: a client's form, and a server's token response.
// Each is taken whole or not at all, and a grant that was learned can be stored and read again.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/check.h"
#include "modules/revocation/grant.h"
#include "modules/revocation/oauth_request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  constexpr std::int64_t kNow = 1'800'000'000;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string authorization = "Basic " + std::string(text.substr(0, text.find('\n')));
  http::RequestHead head;
  head.fields.add("Content-Type", "application/x-www-form-urlencoded");
  head.fields.add("Authorization", authorization);
  if (const auto request = revocation::read_oauth_request(head, text)) {
    SALLYPORT_CHECK(request->clients.size() <= 3);
    SALLYPORT_CHECK(request->refresh_token.size() + request->token.size() <= size);
    for (const std::string& client : request->clients) SALLYPORT_CHECK(!client.empty());
    // Twice the same parameter is never taken.
    if (!request->grant_type.empty()) {
      const std::string twice = std::string(text) + "&grant_type=x";
      SALLYPORT_CHECK(!revocation::read_oauth_request(head, twice));
    }
  }
  if (const auto learned = revocation::read_token_response(text, kNow)) {
    SALLYPORT_CHECK(!learned->keys.empty() && learned->keys.size() <= 2);
    for (const std::string& key : learned->keys) SALLYPORT_CHECK(key.size() == 32);
    SALLYPORT_CHECK(!learned->grant.access_id.empty() && learned->grant.access_ends > kNow);
    SALLYPORT_CHECK(revocation::decode_grant(revocation::encode_grant(learned->grant)) ==
                    learned->grant);
  }
  if (const auto grant = revocation::decode_grant(text)) {
    SALLYPORT_CHECK(revocation::encode_grant(*grant) == text);
  }
  return 0;
}
