#include "gateway/http/h2_memory.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace sallyport::http {
namespace {

class H2Memory : public ::testing::Test {
 protected:
  void SetUp() override {
    if (memory_ == nullptr) GTEST_SKIP() << "malloc serves under sanitizers";
  }
  void* take(std::size_t size) { return memory_->malloc(size, memory_->mem_user_data); }
  void give_back(void* block) { memory_->free(block, memory_->mem_user_data); }
  void* resize(void* block, std::size_t size) {
    return memory_->realloc(block, size, memory_->mem_user_data);
  }

  nghttp2_mem* memory_ = h2_memory();
};

TEST_F(H2Memory, ABlockComesAgain) {
  void* first = take(200);
  std::memset(first, 'x', 200);
  give_back(first);
  EXPECT_EQ(take(250), first);
  void* other = take(250);
  EXPECT_NE(other, first);
  give_back(first);
  give_back(other);
  give_back(nullptr);
}

TEST_F(H2Memory, BlocksAreOfAnySizeAndAligned) {
  std::vector<void*> blocks;
  for (std::size_t size = 0; size < 5000; size += 7) {
    blocks.push_back(take(size));
    ASSERT_NE(blocks.back(), nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(blocks.back()) % alignof(std::max_align_t), 0u);
    std::memset(blocks.back(), 'x', size);
  }
  for (void* block : blocks) give_back(block);
}

TEST_F(H2Memory, ZeroedBlocksAreZeroed) {
  void* used = take(100);
  std::memset(used, 'x', 100);
  give_back(used);
  void* block = memory_->calloc(25, 4, memory_->mem_user_data);
  EXPECT_EQ(std::string(static_cast<char*>(block), 100), std::string(100, '\0'));
  give_back(block);
  EXPECT_EQ(memory_->calloc(SIZE_MAX / 2, 3, memory_->mem_user_data), nullptr);
}

TEST_F(H2Memory, ResizingKeepsWhatIsThere) {
  for (const std::size_t from : {1u, 60u, 64u, 65u, 500u, 1024u, 1025u, 4000u}) {
    for (const std::size_t to : {1u, 64u, 65u, 128u, 1000u, 1024u, 1025u, 9000u}) {
      void* block = take(from);
      std::memset(block, 'x', from);
      block = resize(block, to);
      const std::size_t common = std::min(from, to);
      EXPECT_EQ(std::string(static_cast<char*>(block), common), std::string(common, 'x'))
          << from << " to " << to;
      std::memset(block, 'y', to);
      give_back(block);
    }
  }
  give_back(resize(nullptr, 10));
}

}  // namespace
}  // namespace sallyport::http
