#include "modules/revocation/entry_settings.h"

#include "gateway/config/constraint.h"
#include "gateway/config/option.h"

namespace sallyport::revocation {

std::span<const config::Option> EntrySettings::options() {
  static const std::array rows{
      config::option<&EntrySettings::on_stale>(
          "on_stale",
          "What becomes of a request while the Redis has not proved for `fresh_for` that all "
          "revocations are known: `deny`, `allow` for `allow_for`, `introspect` (the token's "
          "issuer "
          "is asked), or `by_method`: requests with a token that only read are allowed for "
          "`allow_for`, all others denied."),
      config::option<&EntrySettings::fresh_for>(
          "fresh_for", "How old the last proof of life of the Redis may be.",
          config::between(Milliseconds(1000), Milliseconds(3'600'000))),
      config::option<&EntrySettings::allow_for>(
          "allow_for", "How old it may be at most where stale requests are allowed.",
          config::between(Milliseconds(1000), Milliseconds(24 * 3'600'000))),
  };
  return rows;
}

}  // namespace sallyport::revocation
