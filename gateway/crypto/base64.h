#pragma once

// Base64 (RFC 4648) as JOSE and structured fields use it. Decoding is strict: one text for one
// value, so no padding in base64url, no white space, no stray bits at the end.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sallyport::crypto {

// decoded_size is an upper bound of the bytes that `text_size` characters stand for.
constexpr std::size_t decoded_size(std::size_t text_size) { return text_size / 4 * 3 + 2; }

// decode_base64url (RFC 7515 section 2) writes to `into` and returns what it wrote; nullopt when
// the text is not strict base64url or does not fit.
std::optional<std::string_view> decode_base64url(std::string_view text, std::span<char> into);
// The same into a string; the caller has limited the text's length.
std::optional<std::string> decode_base64url(std::string_view text);

std::string encode_base64url(std::string_view bytes);
// encode_base64 uses the standard alphabet and pads, as RFC 9440 and PEM want it.
std::string encode_base64(std::string_view bytes);

}  // namespace sallyport::crypto
