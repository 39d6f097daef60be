#include "gateway/observe/log_sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "gateway/base/clock.h"

namespace sallyport::observe {
namespace {

std::string read_all(int fd) {
  fcntl(fd, F_SETFL, O_NONBLOCK);
  std::string text(1 << 20, '\0');
  const ssize_t size = read(fd, text.data(), text.size());
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

class OnPair : public testing::TestWithParam<bool> {
 protected:
  OnPair() { EXPECT_EQ(GetParam() ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends_) : pipe(ends_), 0); }
  ~OnPair() override {
    for (const int fd : ends_) {
      if (fd >= 0) close(fd);
    }
  }
  void close_reader() { close(std::exchange(ends_[0], -1)); }

  int ends_[2] = {-1, -1};  // reader, writer: a blocking one
};

TEST_P(OnPair, WritesLines) {
  LogSink sink(ends_[1]);
  sink.write("one\ntwo\n");
  EXPECT_EQ(read_all(ends_[0]), "one\ntwo\n");
  EXPECT_EQ(sink.lost(), 0U);
  EXPECT_EQ(sink.error(), 0);
}

TEST_P(OnPair, ASlowReaderIsWaitedForUntilTheDeadline) {
  LogSink sink(ends_[1]);
  const MonoTime began = mono_now();
  sink.give_up_at(began.us + 200'000);
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += "0123456789abcdef\n";
  sink.write(many);
  EXPECT_GE(mono_now().us - began.us, 200'000);
  EXPECT_LT(mono_now().us - began.us, 2'000'000);
  EXPECT_GT(sink.lost(), 0U);
  EXPECT_EQ(sink.error(), EAGAIN);
  const std::string got = read_all(ends_[0]);
  EXPECT_LT(got.size(), many.size());
  // What was cut is ended before the next line begins.
  sink.write("next\n");
  const std::string then = read_all(ends_[0]);
  EXPECT_EQ(then, got.ends_with('\n') ? "next\n" : "\nnext\n");
  EXPECT_EQ(sink.error(), 0);
}

TEST_P(OnPair, AReaderThatLeftIsAnError) {
  signal(SIGPIPE, SIG_IGN);
  LogSink sink(ends_[1]);
  close_reader();
  sink.write("one\ntwo\n");
  EXPECT_EQ(sink.lost(), 2U);
  EXPECT_EQ(sink.error(), EPIPE);
}

INSTANTIATE_TEST_SUITE_P(LogSink, OnPair, testing::Bool(),
                         [](const auto& which) { return which.param ? "Socket" : "Pipe"; });

TEST(LogSinkOnADevice, AFullDiskIsAnError) {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  LogSink sink(full);
  sink.write("one\n");
  EXPECT_EQ(sink.lost(), 1U);
  EXPECT_EQ(sink.error(), ENOSPC);
  close(full);
}

}  // namespace
}  // namespace sallyport::observe
