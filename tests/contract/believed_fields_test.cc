// docs/believed-fields.md lists for operators what gateway/http/trust_fields.cc lists for the
// gateway, and the sets of gateway/load/request_fields.cc.

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "gateway/http/trust_fields.h"
#include "gateway/load/request_fields.h"

namespace sallyport {
namespace {

std::set<std::string> page_rows() {
  std::ifstream file(SALLYPORT_SOURCE_DIR "/docs/believed-fields.md");
  std::set<std::string> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("| `")) rows.insert(line);
  }
  return rows;
}

std::string row(std::string_view name, std::string_view text) {
  std::ostringstream line;
  line << "| `" << name << "` | " << text << " |";
  return line.str();
}

TEST(BelievedFields, ThePageHasWhatTheGatewayHas) {
  std::set<std::string> expected;
  for (const http::TrustFamily& family : http::trust_families()) {
    expected.insert(row(std::string(family.name) + (family.is_prefix ? "…" : ""), family.believer));
  }
  for (const load::NamedFieldSet& set : load::named_field_sets()) {
    std::string fields;
    for (const std::string_view field : set.fields) {
      fields += (fields.empty() ? "" : ", ") + std::string(field);
    }
    expected.insert(row(set.name, fields));
  }
  const std::set<std::string> rows = page_rows();
  for (const std::string& line : expected) EXPECT_TRUE(rows.contains(line)) << "add: " << line;
  for (const std::string& line : rows) EXPECT_TRUE(expected.contains(line)) << "remove: " << line;
}

}  // namespace
}  // namespace sallyport
