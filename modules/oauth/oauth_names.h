#pragma once

// The names of parameters at the endpoints of OAuth (RFC 6749 and what is registered with it), and
// the spellings that some server takes for one of them: by folding case, trimming, decoding twice,
// reading `a[]`, `a[0]`, `[a]` or `x[a]` as nested parameters, or turning '.', '-', ' ' and '['
// into '_'.

#include <string_view>

namespace sallyport::oauth {

// is_oauth_name: exactly as registered.
bool is_oauth_name(std::string_view name);

// may_repeat: RFC 8707 section 2, RFC 8693 section 2.1. All others stand once (RFC 6749
// section 3.2).
bool may_repeat(std::string_view name);

// name_meant returns the parameter that `text` is, or may be taken for by some reader; empty: none.
// What is exactly right is its own meaning.
std::string_view name_meant(std::string_view text);

// is_utf8 is the strict reading (RFC 3629): shortest forms only, no surrogates.
bool is_utf8(std::string_view text);

}  // namespace sallyport::oauth
