#include "gateway/control/memory_watch.h"
#include "gateway/load/machine_memory.h"

#include <gtest/gtest.h>

#include "gateway/control/descriptors.h"

namespace sallyport::control {
namespace {

using server::Pressure;

TEST(MemoryWatch, MeasuresThisProcess) {
  EXPECT_GT(load::resident_memory(), 1U << 20);
  EXPECT_GT(load::available_memory(), load::resident_memory());
}

TEST(MemoryWatch, GoesUpAtOnceAndDownWithRoom) {
  MemoryWatch watch;
  watch.set_ceiling(1000);
  EXPECT_FALSE(watch.judge(899));
  EXPECT_TRUE(watch.judge(900));
  EXPECT_EQ(watch.pressure(), Pressure::soft);
  EXPECT_FALSE(watch.judge(890)) << "not enough room to call it over";
  EXPECT_TRUE(watch.judge(1000));
  EXPECT_EQ(watch.pressure(), Pressure::hard);
  EXPECT_FALSE(watch.judge(985));
  EXPECT_TRUE(watch.judge(979));
  EXPECT_EQ(watch.pressure(), Pressure::soft);
  EXPECT_TRUE(watch.judge(879));
  EXPECT_EQ(watch.pressure(), Pressure::none);
}

TEST(Descriptors, LeaveRoomForUpstreams) {
  EXPECT_EQ(connections_for(1024), 720U);
  EXPECT_EQ(connections_for(64), 1U);
  EXPECT_EQ(connections_for(0), 1U);
  EXPECT_GE(raise_descriptor_limit(), 256U);
}

}  // namespace
}  // namespace sallyport::control
