#include "modules/geo/database_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "gateway/event/worker.h"
#include "tests/support/mmdb_writer.h"
#include "tests/support/policy_harness.h"
#include "tests/support/temp_dir.h"

namespace sallyport::geo {
namespace {

using test::MmdbWriter;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t kBuilt = 1'700'000'000;
constexpr Milliseconds kPeriod{10};

// country_file makes a database in which everybody is in that country.
std::string country_file(std::string_view code, std::int64_t built = kBuilt) {
  return MmdbWriter("Test-Country", 4, 24)
      .built(built)
      .place("0.0.0.0/1", code, "")
      .place("128.0.0.0/1", code, "")
      .bytes();
}

// rewrite changes the content of a file that stays the same file.
void rewrite(const std::string& path, std::string_view content) {
  std::ofstream file(path, std::ios::binary | std::ios::in | std::ios::out | std::ios::trunc);
  file << content;
}

DatabaseSourceSettings settings_for(std::string file) {
  return {DatabaseKind::country, std::move(file), 1 << 20, Seconds(45 * 24 * 3600), kPeriod};
}

double metric(const DatabaseSource& source, std::string_view name) {
  std::vector<policy::Metric> all;
  source.metrics(all);
  for (const policy::Metric& one : all) {
    EXPECT_EQ(one.label_value, "country");
    if (one.name == name) return one.value;
  }
  ADD_FAILURE() << "there is no metric " << name;
  return -1;
}

std::string country_of(const Database* database) {
  policy::Location location;
  if (database == nullptr) return "(none)";
  EXPECT_TRUE(database->look_up(net::Address::from_v4(0x01020304), location));
  return std::string(location.country());
}

// A source with its loop, started, for worker 0 alone.
class Source : public testing::Test {
 protected:
  void start(const std::string& file) {
    source_.emplace(settings_for(file));
    ASSERT_TRUE(source_->is_usable());
    source_->start(loop_, broadcast_);
  }

  template <class Condition>
  bool becomes(Condition condition) {
    for (int turns = 0; turns < 2000 && !condition(); ++turns) {
      loop_.run_once();
      ::usleep(1000);
    }
    return condition();
  }
  bool country_becomes(std::string_view code) {
    return becomes([&] { return country() == code; });
  }
  bool failures_become(double count) {
    return becomes([&] { return metric(*source_, "geo_database_reload_failures_total") == count; });
  }
  // wait lets several looks happen.
  void wait() {
    const MonoTime end = mono_now() + 8 * kPeriod;
    becomes([&] { return mono_now() > end; });
  }
  std::string country() const { return country_of(source_->live()->here(0)); }

  test::TempDir folder_;
  event::Loop loop_;
  test::TestBroadcast broadcast_;
  std::optional<DatabaseSource> source_;
};

TEST_F(Source, PublishesWhatItReadAtTheBeginning) {
  start(folder_.write("c.mmdb", country_file("US")));
  EXPECT_EQ(country(), "US");
  EXPECT_EQ(metric(*source_, "geo_database_build_timestamp_seconds"), kBuilt);
  EXPECT_EQ(metric(*source_, "geo_database_up"), 1);
}

TEST_F(Source, IsNotUsableWithoutAGoodFile) {
  for (const std::string& file :
       {folder_.file("none.mmdb"), folder_.path(), folder_.write("bad.mmdb", "nonsense"),
        folder_.write("empty.mmdb", ""), std::string("/dev/null")}) {
    const DatabaseSource source(settings_for(file));
    EXPECT_FALSE(source.is_usable()) << file;
    EXPECT_THAT(source.problems(), ElementsAre(HasSubstr(file + ": ")));
    EXPECT_EQ(metric(source, "geo_database_up"), 0);
  }
}

TEST_F(Source, ReadsNoMoreThanItMay) {
  DatabaseSourceSettings settings = settings_for(folder_.write("c.mmdb", country_file("US")));
  settings.max_bytes = country_file("US").size();
  EXPECT_TRUE(DatabaseSource(settings).is_usable());
  --settings.max_bytes;
  EXPECT_THAT(DatabaseSource(settings).problems(),
              ElementsAre(HasSubstr("larger than `max_size`")));
}

TEST_F(Source, FollowsAFileThatIsReplaced) {
  const std::string file = folder_.write("c.mmdb", country_file("US"));
  start(file);
  folder_.write("c.mmdb", country_file("CA", kBuilt + 5));
  EXPECT_TRUE(country_becomes("CA"));
  EXPECT_EQ(metric(*source_, "geo_database_build_timestamp_seconds"), kBuilt + 5);
  EXPECT_EQ(metric(*source_, "geo_database_reloads_total"), 1);
  EXPECT_THAT(metric(*source_, "geo_database_reload_failures_total"), 0);
}

TEST_F(Source, IsToldOfAChangeLongBeforeItLooks) {
  DatabaseSourceSettings settings = settings_for(folder_.write("c.mmdb", country_file("US")));
  settings.check_every = Milliseconds(3'600'000);
  source_.emplace(settings);
  source_->start(loop_, broadcast_);
  folder_.write("c.mmdb", country_file("CA"));
  EXPECT_TRUE(country_becomes("CA"));
  std::filesystem::remove(settings.file);
  EXPECT_TRUE(failures_become(1));
}

TEST_F(Source, FollowsALinkThatIsSwitched) {
  folder_.write("one.mmdb", country_file("US"));
  folder_.write("two.mmdb", country_file("CA"));
  const std::string link = folder_.file("current.mmdb");
  std::filesystem::create_symlink("one.mmdb", link);
  start(link);
  std::filesystem::create_symlink("two.mmdb", link + ".new");
  std::filesystem::rename(link + ".new", link);
  EXPECT_TRUE(country_becomes("CA"));
}

TEST_F(Source, FollowsAFileThatIsRewrittenInPlace) {
  const std::string file = folder_.write("c.mmdb", country_file("US"));
  start(file);
  wait();
  rewrite(file, country_file("CA"));
  EXPECT_TRUE(country_becomes("CA"));
}

TEST_F(Source, DoesNotBelieveTheTimeOfModification) {
  const std::string file = folder_.write("c.mmdb", country_file("US"));
  const auto modified = std::filesystem::last_write_time(file);
  start(file);
  wait();
  rewrite(file, country_file("CA"));  // of the same size
  std::filesystem::last_write_time(file, modified);
  EXPECT_TRUE(country_becomes("CA"));
}

TEST_F(Source, KeepsTheOldWhenTheFileIsCutAndTakesTheNextGoodOne) {
  const std::string file = folder_.write("c.mmdb", country_file("US"));
  start(file);
  std::filesystem::resize_file(file, 40);
  EXPECT_TRUE(failures_become(1));
  EXPECT_EQ(country(), "US");
  EXPECT_EQ(metric(*source_, "geo_database_up"), 0);
  EXPECT_THAT(source_->problems(), testing::Contains(HasSubstr("stays in use")));
  wait();
  EXPECT_TRUE(failures_become(1)) << "one failure is counted once";
  folder_.write("c.mmdb", country_file("CA"));
  EXPECT_TRUE(country_becomes("CA"));
  EXPECT_EQ(metric(*source_, "geo_database_up"), 1);
}

TEST_F(Source, KeepsTheOldWhenTheFileIsOfAnotherKind) {
  start(folder_.write("c.mmdb", country_file("US")));
  folder_.write("c.mmdb", MmdbWriter("Test-ASN").asn("192.0.2.0/24", 64496).bytes());
  EXPECT_TRUE(failures_become(1));
  EXPECT_EQ(country(), "US");
}

TEST_F(Source, KeepsTheOldWhenTheFileIsGoneAndNoticesItsReturn) {
  const std::string file = folder_.write("c.mmdb", country_file("US"));
  start(file);
  std::filesystem::remove(file);
  EXPECT_TRUE(failures_become(1));
  EXPECT_EQ(country(), "US");
  EXPECT_THAT(source_->problems(), testing::Contains(HasSubstr("is gone")));
  folder_.write("c.mmdb", country_file("US"));
  EXPECT_TRUE(becomes([&] { return metric(*source_, "geo_database_up") == 1; }));
  EXPECT_EQ(metric(*source_, "geo_database_reloads_total"), 0) << "it is the one in use";
}

TEST_F(Source, WaitsForWhoeverIsStillWriting) {
  const std::string file = folder_.write("c.mmdb", country_file("US"));
  start(file);
  wait();
  const std::string next = country_file("CA");
  for (std::size_t size = 0; size <= next.size(); size += 16) {
    rewrite(file, next.substr(0, size));
    loop_.run_once();
    ::usleep(2000);
  }
  rewrite(file, next);
  EXPECT_TRUE(country_becomes("CA"));
}

TEST_F(Source, SaysThatADatabaseIsOld) {
  const std::int64_t now = wall_now().unix_seconds();
  const DatabaseSource old(
      settings_for(folder_.write("old.mmdb", country_file("US", now - 46 * 24 * 3600))));
  EXPECT_TRUE(old.is_usable());
  EXPECT_EQ(metric(old, "geo_database_stale"), 1);
  EXPECT_EQ(metric(old, "geo_database_up"), 1);
  EXPECT_THAT(old.problems(), ElementsAre(HasSubstr("was built more than 45d ago")));
  const DatabaseSource young(
      settings_for(folder_.write("young.mmdb", country_file("US", now - 44 * 24 * 3600))));
  EXPECT_EQ(metric(young, "geo_database_stale"), 0);
  EXPECT_THAT(young.problems(), IsEmpty());
}

TEST(DatabaseSourceSettings, AreToldApartByTheirKeys) {
  const DatabaseSourceSettings one = settings_for("a");
  DatabaseSourceSettings other = one;
  EXPECT_EQ(one.key(), other.key());
  other.kind = DatabaseKind::asn;
  EXPECT_NE(one.key(), other.key());
  other = one;
  other.max_age += Seconds(1);
  EXPECT_NE(one.key(), other.key());
}

// ---- replaced while workers look up

// Threads is a Broadcast to real workers, each of which asks `live` as fast as it can.
class Threads final : public event::Broadcast {
 public:
  static constexpr unsigned kWorkers = 3;

  Threads(event::Loop& control, std::shared_ptr<const event::Live<Database>> live)
      : control_(control), live_(std::move(live)) {
    for (unsigned i = 0; i < kWorkers; ++i) workers_.push_back(std::make_unique<event::Worker>(i));
  }
  ~Threads() override {
    for (auto& worker : workers_) worker->stop_and_join();
  }

  void run() {
    for (auto& worker : workers_) {
      worker->start([] {});
      worker->loop().post([this, &worker] { ask(*worker); });
    }
  }
  void to_all(std::function<void(unsigned)> work, std::function<void()> done) override {
    auto left = std::make_shared<std::atomic<unsigned>>(kWorkers);
    for (auto& worker : workers_) {
      worker->loop().post([this, work, done, left, index = worker->index()] {
        work(index);
        if (left->fetch_sub(1) == 1) control_.post(done);
      });
    }
  }
  std::uint64_t answers() const { return answers_; }
  std::uint64_t wrong() const { return wrong_; }

 private:
  // One event: a database says the same of everybody, and what goes with its build time.
  void ask(event::Worker& worker) {
    if (const Database* database = live_->here(worker.index())) {
      const std::string_view expected = database->built_at() % 2 == 0 ? "US" : "CA";
      for (std::uint32_t i = 0; i < 64; ++i) {
        policy::Location location;
        const bool good = database->look_up(net::Address::from_v4(i * 67'108'859U), location);
        if (!good || location.country() != expected) ++wrong_;
        ++answers_;
      }
    }
    worker.loop().post([this, &worker] { ask(worker); });
  }

  event::Loop& control_;
  const std::shared_ptr<const event::Live<Database>> live_;
  std::vector<std::unique_ptr<event::Worker>> workers_;
  std::atomic<std::uint64_t> answers_{0};
  std::atomic<std::uint64_t> wrong_{0};
};

// replace changes the file in each of the ways in which operators do, and damages it in between.
void replace(const test::TempDir& folder, const std::string& file, int round) {
  const std::string next = country_file(round % 2 == 0 ? "US" : "CA", kBuilt + round);
  if (round % 4 == 0) {
    rewrite(file, next.substr(0, next.size() / 2));
    ::usleep(500);
    return rewrite(file, next);
  }
  if (round % 4 == 1) std::filesystem::resize_file(file, 10);
  folder.write("c.mmdb", next);
}

TEST(DatabaseUnderLoad, IsReplacedAHundredTimes) {
  test::TempDir folder;
  event::Loop control;
  const std::string file = folder.write("c.mmdb", country_file("US"));
  DatabaseSource source(settings_for(file));
  Threads threads(control, source.live());
  source.start(control, threads);
  threads.run();
  for (int round = 1; round <= 100; ++round) {
    replace(folder, file, round);
    const MonoTime end = mono_now() + Milliseconds(10'000);
    while (metric(source, "geo_database_build_timestamp_seconds") !=
           static_cast<double>(kBuilt + round)) {
      ASSERT_LT(mono_now(), end) << "round " << round;
      control.run_once();
      ::usleep(500);
    }
  }
  EXPECT_EQ(metric(source, "geo_database_reloads_total"), 100);
  EXPECT_EQ(threads.wrong(), 0u);
  EXPECT_GT(threads.answers(), 10'000u);
}

}  // namespace
}  // namespace sallyport::geo
