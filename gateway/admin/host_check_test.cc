#include "gateway/admin/host_check.h"

#include <gtest/gtest.h>

namespace sallyport::admin {
namespace {

bool meant(std::vector<std::string> hosts, bool is_http_1_0 = false,
           std::string_view address = "127.0.0.1") {
  event::OperatorRequest request;
  request.hosts = std::move(hosts);
  request.is_http_1_0 = is_http_1_0;
  return is_meant(request, address, {"metrics.bank.example"});
}

TEST(HostCheck, ServesItsAddressLocalhostAndNamesOfTheConfiguration) {
  EXPECT_TRUE(meant({"127.0.0.1"}));
  EXPECT_TRUE(meant({"127.0.0.1:9090"}));
  EXPECT_TRUE(meant({"LocalHost:1"}));
  EXPECT_TRUE(meant({"metrics.BANK.example:9090"}));
  EXPECT_TRUE(meant({"[::1]:9090"}, false, "::1"));
  EXPECT_TRUE(meant({"[::1]"}, false, "::1"));
}

TEST(HostCheck, ServesNobodyElse) {
  for (const char* host : {"rebound.attacker.example", "127.0.0.1.attacker.example", "127.0.0.2",
                           "localhost.attacker.example", "localhost:9090.attacker.example", "",
                           "localhost@attacker.example", "localhost:", "localhost:x", ":9090", "[]",
                           "[::1]:9090", "metrics.bank.example."}) {
    EXPECT_FALSE(meant({host})) << host;
  }
}

TEST(HostCheck, EveryHostThatIsNamedMustBeMeant) {
  EXPECT_FALSE(meant({"localhost", "attacker.example"}));
  EXPECT_FALSE(meant({"attacker.example", "localhost"}));
}

TEST(HostCheck, OnlyHttp10MayNameNone) {
  EXPECT_TRUE(meant({}, true));
  EXPECT_FALSE(meant({}));
  EXPECT_FALSE(meant({"attacker.example"}, true));
}

}  // namespace
}  // namespace sallyport::admin
