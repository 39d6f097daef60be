#pragma once

// Text that may be a secret, such as the PEM of a private key, does not outlive its use.

#include <openssl/mem.h>

#include <string>

namespace sallyport::crypto {

// wipe overwrites what `text` holds, in a way that no compiler leaves out.
inline void wipe(std::string& text) { OPENSSL_cleanse(text.data(), text.size()); }

// Wiped wipes a string that somebody else owns when the scope ends. What a string held before it
// grew or shrank is not wiped: reserve before a secret is written.
class Wiped {
 public:
  explicit Wiped(std::string& text) : text_(text) {}
  ~Wiped() { wipe(text_); }
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;

 private:
  std::string& text_;
};

}  // namespace sallyport::crypto
