#pragma once

// Chain is the ordered list of policies of a route: each entry a module's plan with the options
// that are the gateway's own business (mode, deadline, what to do without a dependency).

#include <array>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/config/values.h"
#include "gateway/policy/module.h"

namespace sallyport::policy {

enum class Mode : std::uint8_t { enforce, observe };
constexpr auto option_names(Mode) {
  return std::array<std::pair<std::string_view, Mode>, 2>{
      {{"enforce", Mode::enforce}, {"observe", Mode::observe}}};
}

enum class OnUnavailable : std::uint8_t { deny, allow };
constexpr auto option_names(OnUnavailable) {
  return std::array<std::pair<std::string_view, OnUnavailable>, 2>{
      {{"deny", OnUnavailable::deny}, {"allow", OnUnavailable::allow}}};
}

// EntryOptions are common to every entry of every chain.
struct EntryOptions {
  Mode mode = Mode::enforce;
  Milliseconds deadline{2000};
  OnUnavailable on_unavailable = OnUnavailable::deny;
  static std::span<const config::Option> options();
};

struct ChainEntry {
  const Module* module = nullptr;
  std::shared_ptr<const Plan> plan;
  EntryOptions options;
  std::vector<Fact> wanted = {};  // of module->wants, what a policy before it gives
};

using Chain = std::vector<ChainEntry>;

// AttachedEntry is an entry on one worker.
struct AttachedEntry {
  const ChainEntry* entry;
  std::unique_ptr<Policy> policy;
};
using AttachedChain = std::vector<AttachedEntry>;

AttachedChain attach(const Chain& chain, AttachContext& context);

// load_chain builds a chain from a mapping of module names to their options, in the order of
// `modules`, and checks that every needed fact is given before. Errors become findings; the caller
// looks at findings.has_errors().
Chain load_chain(const config::Node& policies, std::span<const Module* const> modules,
                 LoadContext& context);

}  // namespace sallyport::policy
