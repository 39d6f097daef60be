#pragma once

// How single values are read and shown. Every decode_x returns whether `node` holds an x; if not,
// it adds a finding that says what was found and what to write instead.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/config/values.h"

namespace sallyport::config {

// is_scalar_for checks that `node` is a single value; `example` is such as "a duration such as
// 15m".
bool is_scalar_for(const Node& node, std::string_view example, Findings& findings);

// is_collection_for checks that `node` is a list or mapping, as `kind` says.
bool is_collection_for(const Node& node, Node::Kind kind, Findings& findings);

bool decode_boolean(const Node& node, bool& out, Findings& findings);
bool decode_text(const Node& node, std::string& out, Findings& findings);
bool decode_number(const Node& node, double& out, Findings& findings);
bool decode_size(const Node& node, Size& out, Findings& findings);
bool decode_timestamp(const Node& node, Timestamp& out, Findings& findings);
bool decode_file(const Node& node, File& out, Findings& findings);

// decode_secret reads what the reference names: at most 64 KiB, one line end at the end removed.
// A file that everybody may read gets a warning.
bool decode_secret(const Node& node, Secret& out, Findings& findings);
inline constexpr std::size_t kMaxSecretBytes = 64 * 1024;

// decode_duration takes a whole number with a unit. For options in whole seconds, ms is refused.
// No duration is longer than kMaxDuration.
enum class Resolution : std::uint8_t { seconds, milliseconds };
std::optional<Milliseconds> decode_duration(const Node& node, Resolution resolution,
                                            Findings& findings);
inline constexpr Seconds kMaxDuration{100LL * 366 * 24 * 3600};

std::optional<std::int64_t> decode_signed(const Node& node, std::int64_t min, std::int64_t max,
                                          Findings& findings);
std::optional<std::uint64_t> decode_unsigned(const Node& node, std::uint64_t max,
                                             Findings& findings);

// show renders a value as one would write it: "15m", "250ms", "16k".
std::string show(Milliseconds duration);
std::string show(Size size);

}  // namespace sallyport::config
