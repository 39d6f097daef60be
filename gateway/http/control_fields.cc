#include "gateway/http/control_fields.h"

#include <algorithm>
#include <array>
#include <span>

#include "gateway/base/text.h"
#include "gateway/http/field_names.h"

namespace sallyport::http {
namespace {

constexpr std::size_t kMaxConnectionOptions = 16;

// Taker sees every field once and says which of them leave.
class Taker {
 public:
  explicit Taker(ControlFields& control) : control_(control) {}

  // takes returns true if the field is not for the other side. A server that makes variables of
  // names would take a look-alike for the real field: one of such a field is refused, one of
  // another field by which somebody decides is removed.
  bool takes(const Field& field) {
    if (takes_by_name(field)) return true;
    if (!is_lookalike(field.name)) return false;
    if (!is_of_http_1(field.name)) return is_known(field.name);
    return fail(Violation::framing_lookalike);
  }

  const std::optional<Violation>& violation() const { return violation_; }
  std::span<const std::string_view> listed() const { return {listed_.data(), listed_count_}; }

 private:
  // The length of a name decides which few it can be: an ordinary field costs one jump.
  bool takes_by_name(const Field& field) {
    const auto is = [&field](std::string_view name) {
      return equals_ignoring_case(field.name, name);
    };
    switch (field.name.size()) {
      case 2:
        return is("te");
      case 4:
        return is("host") && once(control_.host, field, Violation::duplicate_host);
      case 6:
        return is("expect") && once(control_.expect, field, Violation::unknown_expectation);
      case 7:
        return is("trailer") || (is("upgrade") && upgrade());
      case 10:
        return is("keep-alive") || (is("connection") && connection(field.value));
      case 14:
        if (is("http2-settings")) return upgrade();
        return is("content-length") &&
               once(control_.content_length, field, Violation::duplicate_content_length);
      case 16:
        return is("proxy-connection");
      case 17:
        return is("transfer-encoding") &&
               once(control_.transfer_encoding, field, Violation::duplicate_transfer_encoding);
      case 18:
        return is("proxy-authenticate");
      case 19:
        return is("proxy-authorization");
      case 25:
        return is("proxy-authentication-info");
      default:
        return false;
    }
  }

  // fail keeps the first violation; the message is refused as a whole.
  bool fail(Violation violation) {
    if (!violation_) violation_ = violation;
    return true;
  }

  bool once(std::optional<std::string_view>& slot, const Field& field, Violation if_again) {
    if (slot) return fail(if_again);
    slot = field.value;
    return true;
  }

  bool upgrade() {
    control_.upgrade = true;
    return true;
  }

  bool connection(std::string_view value) {
    for_each_piece(value, ',', [this](std::string_view piece) {
      if (violation_) return;
      if (++options_ > kMaxConnectionOptions) {
        fail(Violation::too_many_connection_options);
        return;
      }
      const std::string_view option = trim(piece);
      if (!option.empty()) connection_option(option);  // RFC 9110 5.6.1: empty elements are ignored
    });
    return true;
  }

  void connection_option(std::string_view option) {
    if (!is_token(option)) {
      fail(Violation::bad_connection_option);
    } else if (equals_ignoring_case(option, "close")) {
      control_.close = true;
    } else if (equals_ignoring_case(option, "keep-alive")) {
      control_.keep_alive = true;
    } else if (equals_ignoring_case(option, "upgrade")) {
      control_.upgrade = true;
    } else if (is_unlistable(option)) {
      fail(Violation::connection_names_protected_field);
    } else {
      listed_[listed_count_++] = option;
    }
  }

  ControlFields& control_;
  std::optional<Violation> violation_;
  std::array<std::string_view, kMaxConnectionOptions> listed_;
  std::size_t listed_count_ = 0;
  std::size_t options_ = 0;
};

}  // namespace

std::optional<Violation> take_control_fields(Fields& fields, ControlFields& control) {
  Taker taker(control);
  fields.remove_if([&taker](const Field& field) { return taker.takes(field); });
  if (taker.violation()) return taker.violation();
  if (taker.listed().empty()) return std::nullopt;
  fields.remove_if([&taker](const Field& field) {
    return std::ranges::any_of(taker.listed(), [&field](std::string_view name) {
      return equals_ignoring_case(field.name, name);
    });
  });
  return std::nullopt;
}

}  // namespace sallyport::http
