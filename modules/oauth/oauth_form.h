#pragma once

// OauthForm is the body of a request to an endpoint of OAuth, read so strictly that whoever else
// reads it finds the same parameters in it (RFC 6749 section 3.2 and appendix B).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"

namespace sallyport::oauth {

inline constexpr std::size_t kMaxParameters = 256;

// decode_escapes reads a name or value of a form: '+' is a blank. Nothing: a broken escape.
std::optional<std::string> decode_escapes(std::string_view text);

class OauthForm {
 public:
  struct Parameter {
    std::string name;
    std::string value;
    std::string_view raw;  // the value as it stands in the body
  };

  // read fails with what is wrong; that names parameters of OAuth and never a value. `body` must
  // outlive the form.
  static Result<OauthForm> read(std::string_view body);

  // find returns a parameter of OAuth; null when it is absent, or empty, which is the same (RFC
  // 6749 section 3.2).
  const Parameter* find(std::string_view name) const;
  std::string value(std::string_view name) const;

 private:
  std::vector<Parameter> known_;  // others are not kept
};

// check_name says what is wrong with the name of a parameter, or nothing.
std::string check_name(std::string_view raw);

}  // namespace sallyport::oauth
