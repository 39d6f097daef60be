#pragma once

// EntrySettings are the options of a chain's entry.

#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "gateway/base/clock.h"
#include "gateway/config/values.h"

namespace sallyport::revocation {

// OnStale: `by_method` allows what only reads with a token, for allow_for, and denies the rest.
enum class OnStale : std::uint8_t { by_method, deny, allow, introspect };

constexpr auto option_names(OnStale) {
  return std::array<std::pair<std::string_view, OnStale>, 4>{{{"by_method", OnStale::by_method},
                                                              {"deny", OnStale::deny},
                                                              {"allow", OnStale::allow},
                                                              {"introspect", OnStale::introspect}}};
}

struct EntrySettings {
  OnStale on_stale = OnStale::by_method;
  Milliseconds fresh_for{5000};
  Milliseconds allow_for{5 * 60 * 1000};
  static std::span<const config::Option> options();
};

}  // namespace sallyport::revocation
