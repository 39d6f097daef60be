#pragma once

// The messages that the rows work on: what Plaid's servers send and an FDX API answers.

#include <string>
#include <string_view>

namespace sallyport::perf {

inline constexpr std::string_view kHost = "api.bank.example";
inline constexpr std::string_view kIssuer = "https://login.bank.example";
inline constexpr std::string_view kAudience = "https://api.bank.example/fdx/v6";
inline constexpr std::string_view kAccountPath = "/fdx/v6/accounts/3f1b9c2ed0a84f5c/transactions";
inline constexpr std::string_view kInteractionId = "c770aef3-6784-41f7-8e0e-ff5f97bddb3a";
inline constexpr std::string_view kClientAddress = "162.120.89.17";  // of plaid-current

// request_head is a GET for an account's transactions with `token` as its bearer token.
inline std::string request_head(std::string_view token) {
  std::string text = "GET ";
  text.append(kAccountPath)
      .append("?startTime=2025-01-01T00:00:00Z&endTime=2025-01-15T00:00:00Z&limit=100 HTTP/1.1\r\n")
      .append("Host: ")
      .append(kHost)
      .append("\r\nAuthorization: Bearer ")
      .append(token)
      .append(
          "\r\nAccept: application/json\r\nAccept-Encoding: gzip\r\n"
          "x-fapi-interaction-id: ")
      .append(kInteractionId)
      .append("\r\nUser-Agent: okhttp/4.12.0\r\n\r\n");
  return text;
}

// request_head_of pads the token so that the head has `bytes` octets.
inline std::string request_head_of(std::size_t bytes) {
  const std::size_t frame = request_head({}).size();
  return request_head(std::string(bytes > frame ? bytes - frame : 1, 'a'));
}

inline constexpr std::string_view kShortRequestHead =
    "GET /fdx/v6/accounts HTTP/1.1\r\n"
    "Host: api.bank.example\r\n"
    "Authorization: Bearer 000000000001\r\n"
    "Accept: application/json\r\n"
    "Connection: keep-alive\r\n\r\n";

inline constexpr std::string_view kResponseHead =
    "HTTP/1.1 200 OK\r\n"
    "X-Powered-By: Express\r\n"
    "Content-Type: application/json; charset=utf-8\r\n"
    "Content-Length: 8432\r\n"
    "ETag: W/\"20f0-5bV1nJm0n0Yt2o3yq7dUq0S1bXk\"\r\n"
    "Vary: Accept-Encoding\r\n"
    "Date: Fri, 15 Jan 2027 08:00:00 GMT\r\n"
    "Connection: keep-alive\r\n"
    "Keep-Alive: timeout=5\r\n\r\n";

}  // namespace sallyport::perf
