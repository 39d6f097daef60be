#include "modules/geo/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "tests/support/mmdb_writer.h"

namespace sallyport::geo {
namespace {

namespace fs = std::filesystem;

using policy::Location;
using test::MmdbWriter;
using testing::HasSubstr;

std::shared_ptr<const Database> open(const std::string& bytes, DatabaseKind kind) {
  auto database = Database::open(bytes, kind);
  EXPECT_TRUE(database) << database.error().text;
  return database ? *database : nullptr;
}

std::string problem_of(std::string_view bytes, DatabaseKind kind) {
  const auto database = Database::open(bytes, kind);
  return database ? "" : database.error().text;
}

// place_of is "country continent asn" as a database sees an address.
std::string place_of(const Database& database, std::string_view address) {
  Location location;
  if (!database.look_up(net::Address::parse(address).value(), location)) return "damaged";
  return std::string(location.country()) + " " + std::string(location.continent()) + " " +
         std::to_string(location.asn);
}

MmdbWriter countries(int ip_version = 6, int bits = 28) {
  MmdbWriter writer("Test-Country", ip_version, bits);
  writer.place("192.0.2.0/24", "US", "NA").place("192.0.2.128/25", "CA", "NA");
  writer.place("198.51.100.7/32", "AT", "EU").place("203.0.113.0/24", "", "EU");
  if (ip_version == 6)
    writer.place("2001:db8::/32", "JP", "AS").place("2001:db8:1::1/128", "NZ", "OC");
  return writer;
}

TEST(Database, FindsTheMostSpecificBlock) {
  for (const int bits : {24, 28, 32}) {
    const auto database = open(countries(6, bits).bytes(), DatabaseKind::country);
    ASSERT_TRUE(database);
    EXPECT_EQ(place_of(*database, "192.0.2.0"), "US NA 0") << bits;
    EXPECT_EQ(place_of(*database, "192.0.2.127"), "US NA 0");
    EXPECT_EQ(place_of(*database, "192.0.2.128"), "CA NA 0");
    EXPECT_EQ(place_of(*database, "192.0.2.255"), "CA NA 0");
    EXPECT_EQ(place_of(*database, "198.51.100.7"), "AT EU 0");
    EXPECT_EQ(place_of(*database, "2001:db8::1"), "JP AS 0");
    EXPECT_EQ(place_of(*database, "2001:db8:1::1"), "NZ OC 0");
  }
}

TEST(Database, SaysNothingOfWhatItDoesNotHave) {
  const auto database = open(countries().bytes(), DatabaseKind::country);
  ASSERT_TRUE(database);
  for (const char* address : {"192.0.1.255", "192.0.3.0", "198.51.100.6", "127.0.0.1", "10.0.0.1",
                              "::1", "2001:db9::", "fe80::1", "0.0.0.0", "255.255.255.255"}) {
    EXPECT_EQ(place_of(*database, address), "  0") << address;
  }
  EXPECT_EQ(place_of(*database, "203.0.113.9"), " EU 0") << "a continent without a country";
  Location location;
  EXPECT_TRUE(database->look_up(net::Address(), location)) << "a client on a Unix socket";
  EXPECT_EQ(location, Location{});
}

TEST(Database, LooksMappedAddressesUpAsIpv4) {
  const auto database = open(countries().bytes(), DatabaseKind::country);
  ASSERT_TRUE(database);
  EXPECT_EQ(place_of(*database, "::ffff:192.0.2.1"), "US NA 0");
}

TEST(Database, KnowsNoIpv6AddressWhenItIsForIpv4) {
  const auto database = open(countries(4).bytes(), DatabaseKind::country);
  ASSERT_TRUE(database);
  EXPECT_EQ(place_of(*database, "192.0.2.1"), "US NA 0");
  EXPECT_EQ(place_of(*database, "2001:db8::1"), "  0");
}

TEST(Database, FindsAsns) {
  const std::string bytes =
      MmdbWriter("Test-ASN").asn("192.0.2.0/24", 64496).asn("2001:db8::/32", 4'200'000'000).bytes();
  const auto database = open(bytes, DatabaseKind::asn);
  ASSERT_TRUE(database);
  EXPECT_EQ(place_of(*database, "192.0.2.9"), "  64496");
  EXPECT_EQ(place_of(*database, "2001:db8::9"), "  4200000000");
  EXPECT_EQ(place_of(*database, "192.0.3.9"), "  0");
}

TEST(Database, LeavesAloneWhatAnotherDatabaseSaid) {
  const auto places = open(countries().bytes(), DatabaseKind::country);
  const auto asns =
      open(MmdbWriter("Test-ASN").asn("192.0.2.0/24", 64496).bytes(), DatabaseKind::asn);
  ASSERT_TRUE(places && asns);
  const auto address = *net::Address::parse("192.0.2.1");
  Location location;
  EXPECT_TRUE(places->look_up(address, location) && asns->look_up(address, location));
  EXPECT_EQ(location, (Location{{'U', 'S'}, {'N', 'A'}, 64496}));
}

TEST(Database, IsRefusedWhenItIsOfAnotherKind) {
  const std::string places = countries().bytes();
  EXPECT_THAT(problem_of(places, DatabaseKind::asn), HasSubstr("\"Test-Country\" database"));
  const std::string mislabelled = MmdbWriter("Test-ASN").place("192.0.2.0/24", "US", "NA").bytes();
  EXPECT_THAT(problem_of(mislabelled, DatabaseKind::asn), HasSubstr("has no asn"));
  EXPECT_THAT(problem_of(MmdbWriter("Test-Country").bytes(), DatabaseKind::country),
              HasSubstr("has no country"));
}

TEST(Database, TakesOnlyCodesOfTwoCapitalLetters) {
  MmdbWriter writer("Test-Country");
  writer.place("192.0.2.0/24", "US", "NA");
  int last = 0;
  for (const char* code : {"us", "USA", "U", "U\n", "\xc3\x84", "1A"}) {
    writer.place("198.51.100." + std::to_string(++last) + "/32", code, "EU");
  }
  const auto database = open(writer.bytes(), DatabaseKind::country);
  ASSERT_TRUE(database);
  for (int i = 1; i <= last; ++i) {
    EXPECT_EQ(place_of(*database, "198.51.100." + std::to_string(i)), " EU 0") << i;
  }
}

// A mutation is refused, or it is a database that answers; in either case nothing crashes, and what
// it answers are codes.
TEST(Database, SurvivesEveryDamage) {
  std::mt19937 random(20260101);
  const std::string whole = countries(6, 24).bytes();
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = whole;
    for (unsigned i = 0; i <= random() % 4; ++i) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    if (random() % 8 == 0) bytes.erase(random() % bytes.size(), random() % 64);
    const auto database = Database::open(bytes, DatabaseKind::country);
    if (!database) {
      ++refused;
      continue;
    }
    for (int i = 0; i < 20; ++i) {
      Location location;
      (*database)->look_up(net::Address::from_v4(static_cast<std::uint32_t>(random())), location);
      (*database)->look_up(net::Address::from_v4(0xc0000200U + random() % 256), location);
      for (const char c : {location.country_code[0], location.continent_code[1]}) {
        ASSERT_TRUE(c == 0 || (c >= 'A' && c <= 'Z'));
      }
    }
  }
  EXPECT_GT(refused, 10'000);
  EXPECT_LT(refused, 20'000) << "some damage is to what nobody looks at";
}

// ---- MaxMind's own test files, where they are: $SALLYPORT_VECTORS, or beside the source tree.

fs::path vectors() {
  const char* named = std::getenv("SALLYPORT_VECTORS");
  return named != nullptr ? fs::path(named)
                          : fs::path(SALLYPORT_SOURCE_DIR).parent_path() / "shared" / "vectors";
}

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class MaxMindFiles : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(folder_)) GTEST_SKIP() << folder_ << " is not there; see SALLYPORT_VECTORS";
  }
  std::string file(const char* name) const { return read(folder_ / "test-data" / name); }

  const fs::path folder_ = vectors() / "maxmind";
};

TEST_F(MaxMindFiles, GiveCountries) {
  for (const char* name : {"GeoIP2-Country-Test.mmdb", "GeoLite2-Country-Test.mmdb",
                           "GeoIP2-City-Test.mmdb", "GeoLite2-City-Test.mmdb"}) {
    const auto database = open(file(name), DatabaseKind::country);
    ASSERT_TRUE(database) << name;
    EXPECT_EQ(place_of(*database, "81.2.69.160"), "GB EU 0") << name;
    EXPECT_EQ(place_of(*database, "2001:218::1"), "JP AS 0") << name;
    EXPECT_EQ(place_of(*database, "127.0.0.1"), "  0") << name;
  }
}

TEST_F(MaxMindFiles, GiveAsns) {
  const auto database = open(file("GeoLite2-ASN-Test.mmdb"), DatabaseKind::asn);
  ASSERT_TRUE(database);
  EXPECT_EQ(place_of(*database, "1.128.0.0"), "  1221");
  const auto isp = open(file("GeoIP2-ISP-Test.mmdb"), DatabaseKind::asn);
  ASSERT_TRUE(isp);
  EXPECT_EQ(place_of(*isp, "1.128.0.0"), "  1221");
}

TEST_F(MaxMindFiles, OfOneEnterpriseTypeGiveBoth) {
  const std::string bytes = file("GeoIP2-Enterprise-Test.mmdb");
  const auto places = open(bytes, DatabaseKind::country);
  ASSERT_TRUE(places);
  EXPECT_EQ(place_of(*places, "74.209.24.0"), "US NA 0");
  EXPECT_THAT(problem_of(file("GeoIP2-Domain-Test.mmdb"), DatabaseKind::country),
              HasSubstr("GeoIP2-Domain"));
}

TEST_F(MaxMindFiles, ThatAreBadAreRefusedOrHarmless) {
  int files = 0;
  for (const char* part : {"bad-data", "test-data"}) {
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / part)) {
      if (entry.path().extension() != ".mmdb") continue;
      ++files;
      for (const DatabaseKind kind : {DatabaseKind::country, DatabaseKind::asn}) {
        const auto database = Database::open(read(entry.path()), kind);
        if (!database) continue;
        EXPECT_EQ(entry.path().string().find("bad-data"), std::string::npos) << entry.path();
        place_of(**database, "1.1.1.1");
        place_of(**database, "2001:218::1");
      }
    }
  }
  EXPECT_GT(files, 50);
}

}  // namespace
}  // namespace sallyport::geo
