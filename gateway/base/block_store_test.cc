#include "gateway/base/block_store.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace sallyport {
namespace {

struct Counted {
  explicit Counted(int& alive) : alive_(alive) { ++alive_; }
  ~Counted() { --alive_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

  int& alive_;
  std::array<char, 4000> memory{};
};

TEST(BlockStore, DestroysWhatItKeepsTheMemoryOf) {
  int alive = 0;
  BlockStore store(2);
  std::vector<BlockStore::Pointer<Counted>> objects;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 5; ++i) objects.push_back(store.make<Counted>(alive));
    EXPECT_EQ(alive, 5);
    objects.clear();
    EXPECT_EQ(alive, 0);
  }
}

TEST(BlockStore, IsTrimmedToWhatWasNeeded) {
  int alive = 0;
  BlockStore store(4);
  {
    const auto first = store.make<Counted>(alive);
    const auto second = store.make<Counted>(alive);
  }
  store.trim();  // both were taken since
  store.make<Counted>(alive).reset();
  store.trim();
  store.trim();
  const auto after = store.make<Counted>(alive);
  EXPECT_EQ(alive, 1);
}

TEST(BlockStore, MayKeepNothing) {
  int alive = 0;
  BlockStore store(0);
  store.make<Counted>(alive).reset();
  EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace sallyport
