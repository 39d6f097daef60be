#include "gateway/clients/fetch_follow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "gateway/clients/fetch_test_server.h"
#include "tests/support/temp_dir.h"

namespace sallyport::clients {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Everything happens so fast that no test needs to wait long.
FollowTimes fast() {
  FollowTimes times;
  times.refresh = Seconds(1000);
  times.keep = Seconds(1000);
  times.file_poll = Milliseconds(5);
  times.wanted_gap = Milliseconds(300);
  times.first_retry = Milliseconds(10);
  times.tick = Milliseconds(2);
  return times;
}

class Follow : public testing::Test {
 protected:
  void start(FollowSource source, FollowTimes times = fast()) {
    follower_ = std::make_unique<Follower>(
        loop_, std::move(source), times,
        Follower::Hooks{.accept = [this](std::string_view document) -> Result<void> {
                          if (document.starts_with("bad")) {
                            return Error{Fault::dependency, "not good"};
                          }
                          accepted_.emplace_back(document);
                          return {};
                        },
                        .is_wanted = [this] { return std::exchange(wanted_, false); },
                        .too_old = [this] { ++too_old_; }});
  }
  static FollowSource file(std::string path) {
    return {.file = std::move(path), .url = {}, .ca_file = {}};
  }
  static FollowSource url(const TestServer& server) {
    return {.file = {}, .url = *Url::parse(server.url()), .ca_file = {}};
  }
  bool until(const std::function<bool()>& is_done) { return run_until(loop_, is_done); }
  void run_for(Milliseconds time) {
    const MonoTime end = mono_now() + time;
    run_until(loop_, [&] { return mono_now() > end; });
  }

  event::Loop loop_;
  test::TempDir dir_;
  std::vector<std::string> accepted_;
  bool wanted_ = false;
  int too_old_ = 0;
  std::unique_ptr<Follower> follower_;
};

TEST_F(Follow, ReadsAFileBeforeItReturns) {
  start(file(dir_.write("doc", "one")));
  EXPECT_THAT(accepted_, ElementsAre("one"));
  EXPECT_EQ(follower_->last_error(), "");
}

TEST_F(Follow, NoticesANewFile) {
  start(file(dir_.write("doc", "one")));
  dir_.write("doc", "two");
  EXPECT_TRUE(until([&] { return accepted_.size() == 2; }));
  EXPECT_THAT(accepted_, ElementsAre("one", "two"));
}

TEST_F(Follow, IsToldOfANewFileLongBeforeItLooks) {
  FollowTimes times = fast();
  times.file_poll = Seconds(3600);
  start(file(dir_.write("doc", "one")), times);
  dir_.write("doc", "two");
  EXPECT_TRUE(until([&] { return accepted_.size() == 2; }));
}

TEST_F(Follow, LeavesAnUnchangedFileAlone) {
  start(file(dir_.write("doc", "one")));
  run_for(Milliseconds(50));
  EXPECT_EQ(follower_->attempts(), 1U);
  EXPECT_EQ(follower_->age(), Seconds(0));
}

TEST_F(Follow, KeepsWhatItHasWhenTheFileGoesBad) {
  start(file(dir_.write("doc", "one")));
  dir_.write("doc", "bad");
  EXPECT_TRUE(until([&] { return follower_->failures() > 1; }));
  EXPECT_EQ(follower_->last_error(), "not good");
  EXPECT_EQ(too_old_, 0);
  dir_.write("doc", "three");
  EXPECT_TRUE(until([&] { return accepted_.size() == 2; }));
  EXPECT_EQ(follower_->last_error(), "");
}

TEST_F(Follow, WaitsForAFileThatIsNotThereYet) {
  start(file(dir_.file("doc")));
  EXPECT_THAT(follower_->last_error(), HasSubstr("No such file"));
  dir_.write("doc", "one");
  EXPECT_TRUE(until([&] { return !accepted_.empty(); }));
}

TEST_F(Follow, SaysWhenTheDocumentIsTooOld) {
  FollowTimes times = fast();
  times.keep = Milliseconds(50);
  start(file(dir_.write("doc", "one")), times);
  run_for(Milliseconds(100));
  EXPECT_EQ(too_old_, 0) << "an unchanged file is no failure";
  dir_.write("doc", "bad");
  EXPECT_TRUE(until([&] { return too_old_ > 0; }));
  run_for(Milliseconds(30));
  EXPECT_EQ(too_old_, 1);
}

TEST_F(Follow, TakesTheSameFileAgainAfterItWasTooOld) {
  FollowTimes times = fast();
  times.keep = Milliseconds(50);
  start(file(dir_.write("doc", "one")), times);
  dir_.write("doc", "bad");
  ASSERT_TRUE(until([&] { return too_old_ > 0; }));
  dir_.write("doc", "one");
  EXPECT_TRUE(until([&] { return accepted_.size() == 2; }));
}

TEST_F(Follow, FetchesAUrlAndThenWaits) {
  TestServer server(loop_, [](const std::string&) { return ok("one"); });
  start(url(server));
  EXPECT_TRUE(until([&] { return !accepted_.empty(); }));
  run_for(Milliseconds(50));
  EXPECT_THAT(accepted_, ElementsAre("one"));
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(Follow, FetchesAgainWhenTheTimeHasCome) {
  TestServer server(loop_, [](const std::string&) { return ok("one"); });
  FollowTimes times = fast();
  times.refresh = Milliseconds(20);
  start(url(server), times);
  EXPECT_TRUE(until([&] { return accepted_.size() == 3; }));
}

TEST_F(Follow, TriesAgainAfterFailuresAndSlowsDown) {
  int calls = 0;
  TestServer server(loop_, [&](const std::string&) {
    return ++calls < 4 ? std::string("HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n") : ok("one");
  });
  start(url(server));
  ASSERT_TRUE(until([&] { return follower_->failures() == 1; }));
  EXPECT_THAT(follower_->last_error(), HasSubstr("answered with status 503"));
  EXPECT_TRUE(until([&] { return !accepted_.empty(); }));
  EXPECT_EQ(follower_->failures(), 3U);
}

TEST_F(Follow, WaitsTwiceAsLongAfterEachFailure) {
  start(file(dir_.write("doc", "one")));
  dir_.write("doc", "bad");
  ASSERT_TRUE(until([&] { return follower_->failures() == 1; }));
  const MonoTime start_time = mono_now();
  ASSERT_TRUE(until([&] { return follower_->failures() == 5; }));
  // 10, 20, 40 and 80 ms, each looked at with a clock that may be a little behind.
  EXPECT_GE(mono_now().us - start_time.us, 140'000);
}

// Nobody is served before the first document: whoever brings it is noticed at once.
TEST_F(Follow, DoesNotSlowDownBeforeTheFirstDocument) {
  start(file(dir_.file("missing")));
  ASSERT_TRUE(until([&] { return follower_->failures() == 10; }));
  const MonoTime start_time = mono_now();
  ASSERT_TRUE(until([&] { return follower_->failures() == 14; }));
  EXPECT_LT(mono_now().us - start_time.us, 1'000'000);
  dir_.write("missing", "one");
  EXPECT_TRUE(until([&] { return !accepted_.empty(); }));
}

TEST_F(Follow, KeepsADocumentAsLongAsItsServerSaysWithinBounds) {
  std::string cache_control = "max-age=0";
  TestServer server(loop_, [&](const std::string&) {
    return "HTTP/1.1 200 OK\r\nCache-Control: " + cache_control +
           "\r\nContent-Length: 3\r\n\r\none";
  });
  FollowTimes times = fast();
  times.least_refresh = Milliseconds(40);
  times.most_refresh = Milliseconds(150);
  start(url(server), times);
  ASSERT_TRUE(until([&] { return accepted_.size() == 2; }));
  MonoTime before = mono_now();
  ASSERT_TRUE(until([&] { return accepted_.size() == 3; }));
  EXPECT_GE(mono_now().us - before.us, 35'000);
  cache_control = "public, max-age=86400";
  ASSERT_TRUE(until([&] { return accepted_.size() == 4; }));
  before = mono_now();
  ASSERT_TRUE(until([&] { return accepted_.size() == 5; }));
  EXPECT_GE(mono_now().us - before.us, 140'000);
}

TEST(MaxAge, ReadsWhatTheServerSays) {
  EXPECT_EQ(max_age_of(""), std::nullopt);
  EXPECT_EQ(max_age_of("public"), std::nullopt);
  EXPECT_EQ(max_age_of("public, MAX-AGE=60"), Seconds(60));
  EXPECT_EQ(max_age_of("max-age=\"60\""), Seconds(60));
  EXPECT_EQ(max_age_of("max-age=60,max-age=30"), Seconds(30));
  EXPECT_EQ(max_age_of("no-store"), Seconds(0));
  EXPECT_EQ(max_age_of("max-age=-1"), Seconds(0));
  EXPECT_EQ(max_age_of("max-age=99999999999999999999"), Seconds(0));
  EXPECT_EQ(max_age_of("s-maxage=60"), std::nullopt);
}

TEST_F(Follow, ReadsAtOnceWhenToldTo) {
  std::string answer = ok("one");
  TestServer server(loop_, [&](const std::string&) { return answer; });
  start(url(server));
  ASSERT_TRUE(until([&] { return accepted_.size() == 1; }));
  std::vector<std::string> outcomes;
  const auto told = [&](const Result<void>& outcome) {
    outcomes.push_back(outcome ? "good" : outcome.error().text);
  };
  follower_->read_now(told);
  follower_->read_now(told);
  EXPECT_TRUE(until([&] { return outcomes.size() == 2; }));
  EXPECT_EQ(server.connections(), 2) << "one reading serves all who wait for it";
  answer = ok("bad");
  follower_->read_now(told);
  EXPECT_TRUE(until([&] { return outcomes.size() == 3; }));
  EXPECT_THAT(outcomes, ElementsAre("good", "good", "not good"));
}

// However many tokens with unknown keys come: one fetch in a while.
TEST_F(Follow, HurriesWhenWantedButNotTooOften) {
  TestServer server(loop_, [](const std::string&) { return ok("one"); });
  start(url(server));
  ASSERT_TRUE(until([&] { return accepted_.size() == 1; }));
  const MonoTime first = mono_now();
  EXPECT_TRUE(until([&] {
    wanted_ = true;
    return accepted_.size() == 3;
  }));
  EXPECT_GE(mono_now().us - first.us, 500'000);
  EXPECT_EQ(server.connections(), 3);
}

TEST_F(Follow, StopsWhenItIsDestroyed) {
  TestServer server(loop_, [](const std::string&) { return std::string(); });
  start(url(server));
  ASSERT_TRUE(until([&] { return server.connections() == 1; }));
  follower_.reset();
  EXPECT_TRUE(until([&] { return !server.is_open(); }));
}

TEST(ReadDocument, RefusesWhatIsNoRegularFile) {
  const auto read = read_document("/dev/zero", 10);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().text, "cannot read /dev/zero: it is not a regular file");
}

TEST(ReadDocument, LimitsTheSize) {
  const test::TempDir dir;
  EXPECT_TRUE(read_document(dir.write("doc", "1234567890"), 10));
  const auto read = read_document(dir.write("doc", "12345678901"), 10);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().text, HasSubstr("larger than 10 bytes"));
}

}  // namespace
}  // namespace sallyport::clients
