#include "gateway/cli/order.h"

#include "gateway/base/utc.h"
#include "gateway/cli/admin_client.h"
#include "gateway/tls/file_text.h"

namespace sallyport::cli {

Result<OrderAnswer> give_order(const std::string& socket, std::string_view verb,
                               std::string_view order) {
  auto answer = ask(socket, "POST", "/command/" + std::string(verb), order);
  if (!answer) return answer.error();
  auto value = json::parse(answer->body, {.max_bytes = answer->body.size() + 1});
  if (!value) {
    return Error{Fault::gateway, "the gateway's answer is no JSON: " + value.error().text};
  }
  if (answer->status != 200) {
    return Error{Fault::client, std::string(value->member("error").string().value_or("refused"))};
  }
  return OrderAnswer{std::move(answer->body), std::move(*value)};
}

Result<std::string> read_certificate_file(const std::string& path, crypto::PemUse use) {
  constexpr std::size_t kMost = 4 * 1024 * 1024;
  constexpr std::size_t kMostCertificates = 1000;
  const auto read = tls::read_file(path, kMost);
  if (!read) return read.error();
  const auto taken = crypto::take_certificates(read->text, kMostCertificates, use);
  if (!taken) return Error{Fault::client, path + ": " + taken.error().text};
  std::string pem;
  for (const std::string& der : taken->ders) pem += crypto::write_pem("CERTIFICATE", der);
  return pem;
}

Result<std::int64_t> parse_moment(const std::string& text) {
  const auto moment = parse_utc(text);
  if (moment) return *moment;
  return Error{Fault::client, "\"" + text +
                                  "\" is no time in UTC: write 2026-01-31 or "
                                  "2026-01-31T12:00:00Z"};
}

}  // namespace sallyport::cli
