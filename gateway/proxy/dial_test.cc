#include "gateway/proxy/dial.h"

#include <gtest/gtest.h>

namespace sallyport::proxy {
namespace {

TEST(SettledProtocol, IsWhatTheServerChose) {
  EXPECT_EQ(settled_protocol("h2", Protocol::negotiated), Protocol::h2);
  EXPECT_EQ(settled_protocol("http/1.1", Protocol::negotiated), Protocol::http1);
  EXPECT_EQ(settled_protocol("", Protocol::negotiated), Protocol::http1);
}

TEST(SettledProtocol, MustBeTheOneThatIsWanted) {
  EXPECT_EQ(settled_protocol("h2", Protocol::h2), Protocol::h2);
  EXPECT_EQ(settled_protocol("http/1.1", Protocol::h2), std::nullopt);
  EXPECT_EQ(settled_protocol("", Protocol::h2), std::nullopt);
  EXPECT_EQ(settled_protocol("http/1.1", Protocol::http1), Protocol::http1);
  EXPECT_EQ(settled_protocol("", Protocol::http1), Protocol::http1);
  EXPECT_EQ(settled_protocol("h2", Protocol::http1), std::nullopt);
}

TEST(SettledProtocol, IsNeverAnUnknownOne) {
  for (const auto wanted : {Protocol::http1, Protocol::h2, Protocol::negotiated}) {
    for (const char* alpn : {"h2c", "http/1.0", "spdy/3", "H2", "h3", "h2 "}) {
      EXPECT_EQ(settled_protocol(alpn, wanted), std::nullopt) << alpn;
    }
  }
}

}  // namespace
}  // namespace sallyport::proxy
