#include "gateway/config/describe.h"

#include <gtest/gtest.h>

namespace sallyport::config {
namespace {

enum class Mode { enforce, observe };
constexpr auto option_names(Mode) {
  return std::array{std::pair{std::string_view("enforce"), Mode::enforce},
                    std::pair{std::string_view("observe"), Mode::observe}};
}

struct Upstream {
  File ca;
  Secret password;
  static std::span<const Option> options() {
    static const std::array rows{
        required<&Upstream::ca>("ca", "Trusted \"roots\"."),
        option<&Upstream::password>("password", "A | B."),
    };
    return rows;
  }
};

struct Settings {
  Seconds max_age{900};
  Mode mode = Mode::enforce;
  std::vector<std::string> allow{"a", "b"};
  std::uint16_t port = 443;
  Size buffer{4096};
  std::optional<double> share;
  std::map<std::string, Upstream> upstreams;
  std::vector<Upstream> list;
  At<Upstream> main;
  Raw policies;
  Raw anything;
  static std::span<const Option> options() {
    static const std::array rows{
        option<&Settings::max_age>("max_age", "Oldest.", between(Seconds(1), Seconds(3600))),
        option<&Settings::mode>("mode", "Mode."),
        option<&Settings::allow>("allow", "Who.", one_of({"a", "b"}), not_empty()),
        option<&Settings::port>("port", "Port.", at_least(1)),
        option<&Settings::buffer>("buffer", "Memory."),
        option<&Settings::share>("share", "Share.", between(0.0, 0.5)),
        option<&Settings::upstreams>("upstreams", "Map.", not_empty()),
        required<&Settings::list>("list", "List."),
        option<&Settings::main>("main", "Main."),
        option<&Settings::policies>("policies", "Chain.",
                                    raw_schema([] { return R"({"type":"object"})"; })),
        option<&Settings::anything>("anything", "Any."),
    };
    return rows;
  }
};

TEST(Schema, DescribesEveryOption) {
  const std::string upstream =
      R"({"type":"object","additionalProperties":false,"required":["ca"],"properties":{)"
      R"("ca":{"description":"Trusted \"roots\".","minLength":1,"type":"string"},)"
      R"("password":{"description":"A | B.",)"
      R"("pattern":"^(file|env|credential):.+$","type":"string"}}})";
  const std::string inner = upstream.substr(1);
  EXPECT_EQ(object_schema(Settings::options()),
            R"({"type":"object","additionalProperties":false,"required":["list"],"properties":{)"
            R"("max_age":{"description":"Oldest. From 1s to 1h.","default":"15m",)"
            R"("pattern":"^(0|[1-9][0-9]*)[smhd]$","type":"string"},)"
            R"("mode":{"description":"Mode.","default":"enforce","enum":["enforce","observe"]},)"
            R"("allow":{"description":"Who. One of a or b. Not empty.","default":["a", "b"],)"
            R"("items":{"enum":["a","b"],"type":"string"},"minItems":1,"type":"array"},)"
            R"("port":{"description":"Port. At least 1.","default":443,)"
            R"("maximum":65535,"minimum":1,"type":"integer"},)"
            R"("buffer":{"description":"Memory.","default":"4k","minimum":0,)"
            R"("pattern":"^(0|[1-9][0-9]*)[kmg]?$","type":["integer","string"]},)"
            R"("share":{"description":"Share. From 0 to 0.5.",)"
            R"("maximum":0.5,"minimum":0,"type":"number"},)"
            R"("upstreams":{"description":"Map. Not empty.","default":{},"additionalProperties":)" +
                upstream +
                R"(,"minProperties":1,"type":"object"},)"
                R"("list":{"description":"List.","items":)" +
                upstream + R"(,"type":"array"},)" + R"("main":{"description":"Main.",)" + inner +
                R"(,"policies":{"description":"Chain.","type":"object"},)"
                R"("anything":{"description":"Any."}}})");
}

struct Small {
  bool on = true;
  std::vector<std::string> names;
  static std::span<const Option> options() {
    static const std::array rows{
        option<&Small::on>("on", "A {brace, and: \"quote\"}."),
        option<&Small::names>("names", "Names."),
    };
    return rows;
  }
};

TEST(Schema, IsLaidOutForPeople) {
  EXPECT_EQ(schema_of(Small::options(), "small"), R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "small",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "on": {
      "description": "A {brace, and: \"quote\"}.",
      "default": true,
      "type": "boolean"
    },
    "names": {
      "description": "Names.",
      "default": [],
      "items": {
        "type": "string"
      },
      "type": "array"
    }
  }
}
)");
}

TEST(Reference, ListsInnerOptionsUnderTheirFullName) {
  EXPECT_EQ(reference_of(Settings::options()),
            R"(| option | type | default | meaning |
|---|---|---|---|
| `max_age` | duration | `15m` | Oldest. From 1s to 1h. |
| `mode` | enforce or observe | `enforce` | Mode. |
| `allow` | list of text | `["a", "b"]` | Who. One of a or b. Not empty. |
| `port` | whole number | `443` | Port. At least 1. |
| `buffer` | size | `4k` | Memory. |
| `share` | number | – | Share. From 0 to 0.5. |
| `upstreams` | mapping of names to mapping | `{}` | Map. Not empty. |
| `upstreams.<name>.ca` | path | required | Trusted "roots". |
| `upstreams.<name>.password` | secret | – | A \| B. |
| `list` | list of mapping | required | List. |
| `list[].ca` | path | required | Trusted "roots". |
| `list[].password` | secret | – | A \| B. |
| `main` | mapping | – | Main. |
| `main.ca` | path | required | Trusted "roots". |
| `main.password` | secret | – | A \| B. |
| `policies` | see its own table | – | Chain. |
| `anything` | see its own table | – | Any. |
)");
  EXPECT_EQ(reference_of(Small::options(), "modules.small."),
            R"(| option | type | default | meaning |
|---|---|---|---|
| `modules.small.on` | true or false | `true` | A {brace, and: "quote"}. |
| `modules.small.names` | list of text | `[]` | Names. |
)");
}

struct Secrets {
  std::vector<Secret> all{Secret("s3cret")};
  Secret one{"s3cret"};
  std::map<std::string, Secret> by_name{{"a", Secret("s3cret")}};
  static std::span<const Option> options() {
    static const std::array rows{
        option<&Secrets::all>("all", "All."),
        option<&Secrets::one>("one", "One."),
        option<&Secrets::by_name>("by_name", "By name."),
    };
    return rows;
  }
};

TEST(Reference, NeverShowsASecret) {
  EXPECT_EQ(reference_of(Secrets::options()).find("s3cret"), std::string::npos);
  EXPECT_EQ(schema_of(Secrets::options(), "x").find("s3cret"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::config
