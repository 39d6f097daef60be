#include "gateway/base/arena.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sallyport {
namespace {

bool lies_in(std::string_view text, const std::array<std::byte, 256>& chunk) {
  const auto* at = reinterpret_cast<const std::byte*>(text.data());
  return at >= chunk.data() && at + text.size() <= chunk.data() + chunk.size();
}

TEST(Arena, UsesWhatItWasLentFirst) {
  std::array<std::byte, 256> chunk;
  Arena arena(chunk);
  const std::string large(200, 'x');
  const std::string_view first = arena.copy(large);
  const std::string_view second = arena.copy(large);
  EXPECT_TRUE(lies_in(first, chunk));
  EXPECT_FALSE(lies_in(second, chunk));
  EXPECT_EQ(first, large);
  EXPECT_EQ(second, large);
  arena.reset();
  EXPECT_TRUE(lies_in(arena.copy(large), chunk));
}

TEST(Arena, JoinsPieces) {
  Arena arena;
  EXPECT_EQ(arena.join({"for=", "", "192.0.2.1", ";proto=", "https"}), "for=192.0.2.1;proto=https");
  EXPECT_EQ(arena.join({}), "");
}

}  // namespace
}  // namespace sallyport
