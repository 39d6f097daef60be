#include "gateway/clients/fetch_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::clients {
namespace {

using State = FetchReader::State;

struct Outcome {
  State state = State::need_more;
  FetchResponse response;
  std::string error;
};

// read_in feeds the answer in pieces of `step` bytes, then ends.
Outcome read_in(std::size_t step, std::string_view answer, std::size_t limit = 100) {
  FetchReader reader(http::Method::get, limit);
  State state = State::need_more;
  while (!answer.empty() && state == State::need_more) {
    state = reader.feed(answer.substr(0, step));
    answer.remove_prefix(std::min(step, answer.size()));
  }
  if (state == State::need_more) state = reader.end();
  return {state, reader.take_response(), reader.error()};
}

// read_whole does so at once and byte by byte, which must come to the same.
Outcome read_whole(std::string_view answer, std::size_t limit = 100) {
  const Outcome slow = read_in(1, answer, limit);
  Outcome fast = read_in(answer.size(), answer, limit);
  EXPECT_EQ(slow.state, fast.state) << answer;
  if (fast.state == State::done) {
    EXPECT_EQ(slow.response.body, fast.response.body) << answer;
  }
  EXPECT_EQ(slow.error, fast.error) << answer;
  return fast;
}

TEST(FetchReader, ReadsABodyOfKnownLength) {
  const Outcome read = read_whole(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(read.state, State::done);
  EXPECT_EQ(read.response.status, 200);
  EXPECT_EQ(read.response.content_type, "application/json");
  EXPECT_EQ(read.response.body, "hello");
}

TEST(FetchReader, ReadsAChunkedBody) {
  const Outcome read = read_whole(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n");
  EXPECT_EQ(read.state, State::done);
  EXPECT_EQ(read.response.body, "hello");
}

TEST(FetchReader, ReadsABodyThatEndsWithTheConnection) {
  const Outcome read = read_whole("HTTP/1.0 200 OK\r\n\r\nhello");
  EXPECT_EQ(read.state, State::done);
  EXPECT_EQ(read.response.body, "hello");
}

TEST(FetchReader, ReadsAnAnswerWithoutBody) {
  const Outcome read = read_whole("HTTP/1.1 304 Not Modified\r\n\r\n");
  EXPECT_EQ(read.state, State::done);
  EXPECT_EQ(read.response.status, 304);
}

TEST(FetchReader, PassesOverInterimAnswers) {
  const Outcome read = read_whole(
      "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ(read.state, State::done);
  EXPECT_EQ(read.response.body, "ok");
}

TEST(FetchReader, IgnoresWhatComesAfterTheAnswer) {
  const Outcome read = read_in(1000, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 500");
  EXPECT_EQ(read.state, State::done);
  EXPECT_EQ(read.response.body, "ok");
}

TEST(FetchReader, FailsWhenTheAnswerIsCutShort) {
  const std::string_view why = "the connection ended before the answer did";
  EXPECT_EQ(read_whole("").error, why);
  EXPECT_EQ(read_whole("HTTP/1.1 200 OK\r\n").error, why);
  EXPECT_EQ(read_whole("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell").error, why);
  EXPECT_EQ(read_whole("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n").error,
            why);
}

TEST(FetchReader, FailsWhenTheAnswerBreaksHttp) {
  EXPECT_EQ(read_whole("SSH-2.0-OpenSSH\r\n").state, State::failed);
  EXPECT_EQ(read_whole("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
                .error,
            "the answer breaks HTTP: http.both_lengths");
  EXPECT_EQ(read_whole("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n").error,
            "the answer breaks HTTP: http.chunk_bad_size");
}

TEST(FetchReader, LimitsTheBodyHoweverItIsFramed) {
  const std::string_view why = "the answer is larger than 4 bytes";
  EXPECT_EQ(read_whole("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 4).error, why);
  EXPECT_EQ(
      read_whole("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", 4).error,
      why);
  EXPECT_EQ(read_whole("HTTP/1.0 200 OK\r\n\r\nhello", 4).error, why);
  EXPECT_EQ(read_whole("HTTP/1.0 200 OK\r\n\r\nhell", 4).state, State::done);
}

TEST(FetchReader, LimitsTheHead) {
  const std::string head = "HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n";
  EXPECT_EQ(read_in(1000, head).state, State::failed);
}

}  // namespace
}  // namespace sallyport::clients
