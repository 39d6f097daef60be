// Feeds any bytes to the YAML reader, and what it accepts to a table with an option of every type.

#include <cstddef>
#include <cstdint>

#include "gateway/base/check.h"
#include "gateway/config/option.h"

namespace {

using namespace sallyport::config;
using sallyport::Milliseconds;
using sallyport::Seconds;

enum class Mode { enforce, observe };
constexpr auto option_names(Mode) {
  return std::array{std::pair{std::string_view("enforce"), Mode::enforce},
                    std::pair{std::string_view("observe"), Mode::observe}};
}

struct Inner {
  File file;
  At<std::string> name;
  static std::span<const Option> options() {
    static const std::array rows{
        required<&Inner::file>("file", "A file."),
        option<&Inner::name>("name", "A name.", not_empty()),
    };
    return rows;
  }
};

struct Settings {
  bool flag = false;
  std::uint16_t port = 1;
  std::int64_t offset = 0;
  double share = 0;
  std::string text;
  Seconds age{1};
  Milliseconds wait{1};
  Size size;
  Secret secret;
  Mode mode = Mode::enforce;
  std::vector<Inner> list;
  std::map<std::string, Seconds> ages;
  std::optional<Inner> maybe;
  std::vector<std::vector<int>> table;
  Raw raw;
  static std::span<const Option> options() {
    static const std::array rows{
        option<&Settings::flag>("flag", "A flag."),
        option<&Settings::port>("port", "A port.", at_least(1)),
        option<&Settings::offset>("offset", "An offset.", between(-10, 10)),
        option<&Settings::share>("share", "A share.", between(0.0, 1.0)),
        option<&Settings::text>("text", "A text.", one_of({"a", "b"})),
        option<&Settings::age>("age", "An age.", between(Seconds(1), Seconds(60))),
        option<&Settings::wait>("wait", "A wait."),
        option<&Settings::size>("size", "A size."),
        option<&Settings::secret>("secret", "A secret."),
        option<&Settings::mode>("mode", "A mode."),
        option<&Settings::list>("list", "A list.", not_empty()),
        option<&Settings::ages>("ages", "Ages.", between(Seconds(1), Seconds(60))),
        option<&Settings::maybe>("maybe", "Maybe."),
        option<&Settings::table>("table", "A table.", at_least(0)),
        option<&Settings::raw>("raw", "Raw."),
    };
    return rows;
  }
};

void check_settings(const Settings& settings) {
  SALLYPORT_CHECK(settings.port >= 1);
  SALLYPORT_CHECK(settings.offset >= -10 && settings.offset <= 10);
  SALLYPORT_CHECK(settings.share >= 0 && settings.share <= 1);
  SALLYPORT_CHECK(settings.age >= Seconds(1) && settings.age <= Seconds(60));
  SALLYPORT_CHECK(settings.wait >= Milliseconds(0) && settings.wait <= kMaxDuration);
  for (const auto& [name, age] : settings.ages) SALLYPORT_CHECK(age <= Seconds(60));
}

void check_node(const Node& node, int depth) {
  SALLYPORT_CHECK(depth <= kMaxDepth + 1);
  SALLYPORT_CHECK(node.path.size() <= kMaxPathBytes && node.at.line > 0);
  SALLYPORT_CHECK(node.scalar.find('\0') == std::string::npos);
  for (const Node& item : node.items) check_node(item, depth + 1);
  for (const auto& member : node.members) {
    SALLYPORT_CHECK(node.find(member.key) == &member.value);  // no key twice
    check_node(member.value, depth + 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto file = std::make_shared<const std::string>("/nonexistent/fuzz.yaml");
  Findings findings;
  const auto root = parse_yaml({reinterpret_cast<const char*>(data), size}, file, findings);
  SALLYPORT_CHECK(root.has_value() != findings.has_errors());
  if (!root) return 0;
  check_node(*root, 1);
  Settings settings;
  const bool ok = decode(*root, settings, findings);
  SALLYPORT_CHECK(ok != findings.has_errors());
  if (ok) check_settings(settings);
  for (const Finding& finding : findings.all()) {
    // One finding is one line, whatever the file holds.
    SALLYPORT_CHECK(finding.text().find('\n') == std::string::npos);
  }
  return 0;
}
