#include "gateway/http/chunked.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace sallyport::http {
namespace {

using State = ChunkedDecoder::State;
using namespace std::string_view_literals;

struct Outcome {
  State state = State::need_more;
  std::string body;
  std::string rest;  // not consumed
  std::string violation;
  std::vector<std::string> trailers;
  int slips = 0;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// decode feeds `step` octets at a time, as a connection would.
Outcome decode(std::string_view in, std::size_t step, const ChunkedLimits& limits = {},
               Reading reading = Reading::strict) {
  ChunkedDecoder decoder(limits, reading);
  Outcome outcome;
  std::size_t received = 0;
  while (outcome.state != State::done && outcome.state != State::violation) {
    if (received == in.size()) return outcome;
    std::string_view piece = in.substr(received, step);
    while (!piece.empty()) {
      const auto result = decoder.feed(piece);
      outcome.state = result.state;
      outcome.body += result.body;
      if (result.state == State::violation) outcome.violation = describe(result.violation).id;
      received += result.consumed;
      piece.remove_prefix(result.consumed);
      if (result.state == State::done || result.state == State::violation) break;
    }
  }
  if (outcome.state == State::done) {
    outcome.rest = in.substr(received);
    for (const Field& field : decoder.trailers()) {
      outcome.trailers.push_back(std::string(field.name) + "=" + std::string(field.value));
    }
  }
  outcome.slips = decoder.slips();
  return outcome;
}

TEST(Chunked, JoinsTheDataOfItsChunks) {
  const Outcome outcome = decode("5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\n", 1000);
  EXPECT_EQ(outcome.state, State::done);
  EXPECT_EQ(outcome.body, "hello world");
}

TEST(Chunked, LeavesTheNextMessageAlone) {
  EXPECT_EQ(decode("1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n", 1000).rest, "GET / HTTP/1.1\r\n");
}

TEST(Chunked, HandsOutDataWithoutCopying) {
  ChunkedDecoder decoder;
  constexpr std::string_view kIn = "5\r\nhello\r\n";
  const auto step = decoder.feed(kIn);
  EXPECT_EQ(step.state, State::body);
  EXPECT_EQ(step.body.data(), kIn.data() + 3);
  EXPECT_EQ(step.consumed, 8U);
}

TEST(Chunked, ReadsSizesInAnyCaseAndWithLeadingZeros) {
  EXPECT_EQ(decode("000A\r\n0123456789\r\n0000000000000000\r\n\r\n", 1000).state, State::done);
  EXPECT_EQ(decode("a\r\n0123456789\r\n0\r\n\r\n", 1000).state, State::done);
}

TEST(Chunked, TakesTheLargestSize) {
  ChunkedDecoder decoder;
  EXPECT_EQ(decoder.feed("7fffffffffffffff\r\n").state, State::need_more);
  EXPECT_EQ(decoder.feed("data").body, "data");
}

TEST(Chunked, IgnoresWellFormedExtensions) {
  const Outcome outcome =
      decode("1;a\r\nx\r\n1;a=b;c=\"d;\\\"\t e\";f\r\ny\r\n0;last=1\r\n\r\n", 1000);
  EXPECT_EQ(outcome.state, State::done);
  EXPECT_EQ(outcome.body, "xy");
}

TEST(Chunked, KeepsTrailers) {
  const Outcome outcome = decode("0\r\nRepr-Digest: x\r\nServer-Timing:\r\n\r\n", 1000);
  EXPECT_EQ(outcome.state, State::done);
  EXPECT_EQ(outcome.trailers, (std::vector<std::string>{"Repr-Digest=x", "Server-Timing="}));
}

TEST(Chunked, StaysDoneAndStaysRefused) {
  ChunkedDecoder done;
  EXPECT_EQ(done.feed("0\r\n\r\n").state, State::done);
  EXPECT_EQ(done.feed("5\r\n").state, State::done);
  EXPECT_EQ(done.feed("5\r\n").consumed, 0U);
  ChunkedDecoder refused;
  EXPECT_EQ(refused.feed("x").state, State::violation);
  EXPECT_EQ(refused.feed("0\r\n\r\n").state, State::violation);
  EXPECT_EQ(refused.feed("").violation, Violation::chunk_bad_size);
}

struct Refused {
  const char* name;
  std::string in;
  Violation why;
};
void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.in; }

class ChunkedRefuses : public testing::TestWithParam<Refused> {};

TEST_P(ChunkedRefuses, WithTheRightReasonHoweverCut) {
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{100000}}) {
    const Outcome outcome = decode(GetParam().in, step);
    EXPECT_EQ(outcome.state, State::violation) << step;
    EXPECT_EQ(outcome.violation, describe(GetParam().why).id) << step;
  }
}

std::string many_fields(int count) {
  std::string lines = "0\r\n";
  for (int i = 0; i < count; ++i) lines += "X: 1\r\n";
  return lines + "\r\n";
}

std::string many_extensions(int chunks) {
  std::string body;
  for (int i = 0; i < chunks; ++i) body += "1;" + std::string(249, 'e') + "\r\nx\r\n";
  return body + "0\r\n\r\n";
}

std::string named(const testing::TestParamInfo<Refused>& info) { return info.param.name; }
using V = Violation;

INSTANTIATE_TEST_SUITE_P(
    Size, ChunkedRefuses,
    testing::Values(Refused{"Empty", "\r\n", V::chunk_bad_size},
                    Refused{"NoDigit", "g\r\n", V::chunk_bad_size},
                    Refused{"LetterAfterDigit", "5g\r\n", V::chunk_bad_size},
                    Refused{"Prefix", "0x5\r\n", V::chunk_bad_size},
                    Refused{"Plus", "+5\r\n", V::chunk_bad_size},
                    Refused{"Minus", "-5\r\n", V::chunk_bad_size},
                    Refused{"SpaceBefore", " 5\r\n", V::chunk_bad_size},
                    Refused{"SpaceAfter", "5 \r\n", V::chunk_bad_size},
                    Refused{"TabAfter", "5\t\r\n", V::chunk_bad_size},
                    Refused{"Underscore", "1_0\r\n", V::chunk_bad_size},
                    Refused{"SeventeenDigits", "00000000000000001\r\n", V::chunk_bad_size},
                    Refused{"Overflow", "8000000000000000\r\n", V::chunk_size_overflow},
                    Refused{"OverflowOf64Bits", "ffffffffffffffff\r\n", V::chunk_size_overflow},
                    Refused{"ExtensionAlone", ";a\r\n", V::chunk_bad_size},
                    Refused{"NulAfter", std::string("5\0\r\n", 4), V::chunk_bad_size}),
    named);

INSTANTIATE_TEST_SUITE_P(
    LineEnds, ChunkedRefuses,
    testing::Values(
        Refused{"BareLineFeedAfterSize", "5\nhello\r\n", V::chunk_bad_line_end},
        Refused{"BareReturnAfterSize", "5\rhello\r\n", V::chunk_bad_line_end},
        Refused{"BareLineFeedAfterExtension", "5;a\nhello\r\n", V::chunk_bad_line_end},
        Refused{"LineFeedInQuotedExtension", "5;a=\"\n\"\r\n", V::chunk_bad_line_end},
        Refused{"NoLineEndAfterData", "5\r\nhello0\r\n\r\n", V::chunk_missing_line_end},
        Refused{"DataLongerThanSize", "4\r\nhello\r\n", V::chunk_missing_line_end},
        Refused{"DataShorterThanSize", "6\r\nhello\r\n0\r\n", V::chunk_missing_line_end},
        Refused{"BareLineFeedAfterData", "5\r\nhello\n0\r\n", V::chunk_missing_line_end},
        Refused{"BareReturnAfterData", "5\r\nhello\r0\r\n", V::chunk_missing_line_end},
        Refused{"BareLineFeedAtTheEnd", "0\r\n\n", V::bare_line_feed},
        Refused{"BareLineFeedInTrailers", "0\r\nA: b\n\r\n", V::bare_line_feed}),
    named);

INSTANTIATE_TEST_SUITE_P(
    Extensions, ChunkedRefuses,
    testing::Values(
        Refused{"EmptyName", "5;\r\n", V::chunk_bad_line_end},
        Refused{"EmptyNameBeforeAnother", "5;;a\r\n", V::chunk_bad_extension},
        Refused{"SpaceBeforeName", "5; a\r\n", V::chunk_bad_extension},
        Refused{"SpaceBeforeSemicolon", "5 ;a\r\n", V::chunk_bad_size},
        Refused{"SpaceAfterName", "5;a =b\r\n", V::chunk_bad_extension},
        Refused{"EmptyValue", "5;a=\r\n", V::chunk_bad_line_end},
        Refused{"EmptyValueBeforeAnother", "5;a=;b\r\n", V::chunk_bad_extension},
        Refused{"ValueNoToken", "5;a=b=c\r\n", V::chunk_bad_extension},
        Refused{"TextAfterQuotes", "5;a=\"b\"c\r\n", V::chunk_bad_extension},
        Refused{"OpenQuotes", "5;a=\"b\r\n", V::chunk_bad_line_end},
        Refused{"ControlInQuotes", "5;a=\"\x01\"\r\n", V::chunk_bad_extension},
        Refused{"ControlAfterBackslash", "5;a=\"\\\x01\"\r\n", V::chunk_bad_extension},
        Refused{"NonAscii", "5;\xff\r\n", V::chunk_bad_extension},
        Refused{"LongLine", "5;" + std::string(255, 'a') + "\r\n", V::chunk_line_too_long},
        Refused{"ManyInOneMessage", many_extensions(17), V::chunk_extensions_too_large}),
    named);

INSTANTIATE_TEST_SUITE_P(
    Trailers, ChunkedRefuses,
    testing::Values(
        Refused{"Folded", "0\r\nA: b\r\n c\r\n\r\n", V::obs_fold},
        Refused{"SpaceBeforeColon", "0\r\nA : b\r\n\r\n", V::space_before_colon},
        Refused{"NoColon", "0\r\nGET / HTTP/1.1\r\n\r\n", V::bad_field_name},
        Refused{"Nul", std::string("0\r\nA: \0\r\n\r\n", 11), V::nul_in_field},
        Refused{"ContentLength", "0\r\nContent-Length: 5\r\n\r\n", V::trailer_forbidden},
        Refused{"TransferEncoding", "0\r\ntransfer_encoding: chunked\r\n\r\n",
                V::trailer_forbidden},
        Refused{"Host", "0\r\nHost: evil\r\n\r\n", V::trailer_forbidden},
        Refused{"Authorization", "0\r\nAuthorization: Bearer x\r\n\r\n", V::trailer_forbidden},
        Refused{"ForwardedFor", "0\r\nA: b\r\nX-Forwarded-For: 1\r\n\r\n", V::trailer_forbidden},
        Refused{"ClientCertLookAlike", "0\r\nClient_Cert: :AA==:\r\n\r\n", V::trailer_forbidden},
        Refused{"Connection", "0\r\nConnection: close\r\n\r\n", V::trailer_forbidden},
        Refused{"TooMany", many_fields(33), V::too_many_fields},
        Refused{"TooLarge", "0\r\nA: " + std::string(9000, 'a') + "\r\n\r\n",
                V::trailers_too_large}),
    named);

TEST(ChunkedLimits, AllowWhatIsJustInside) {
  EXPECT_EQ(decode("1;" + std::string(254, 'a') + "\r\nx\r\n0\r\n\r\n", 1000).state, State::done);
  EXPECT_EQ(decode(many_extensions(16), 1000).state, State::done);
  EXPECT_EQ(decode(many_fields(32), 1000).state, State::done);
}

TEST(Chunked, HasTheSameOutcomeHoweverTheOctetsAreCut) {
  const std::string in =
      "5;a=\"b\\\"\"\r\nhello\r\n00c\r\n big world!\n\r\n0\r\nRepr-Digest: x\r\nA: b\r\n\r\nnext";
  const Outcome whole = decode(in, in.size());
  ASSERT_EQ(whole.state, State::done);
  for (std::size_t step = 1; step < in.size(); ++step) EXPECT_EQ(decode(in, step), whole) << step;
}

Outcome tolerated(std::string_view in) { return decode(in, 3, {}, Reading::tolerant); }

TEST(ChunkedAnswer, MayHaveWhiteSpaceAroundTheSignsOfExtensions) {
  for (const std::string line : {"2 ;a", "2\t;a=b", "2; a=b", "2;a =b", "2;a= b", "2;a=b ;c",
                                 "2;a = \"b\" ; c", "2 \t ; a \t = \t b"}) {
    const std::string in = line + "\r\nok\r\n0\r\n\r\nnext";
    const Outcome outcome = tolerated(in);
    EXPECT_EQ(outcome.state, State::done) << line;
    EXPECT_EQ(outcome.body, "ok") << line;
    EXPECT_EQ(outcome.rest, "next") << line;
    EXPECT_EQ(outcome.slips, kChunkSpace) << line;
    EXPECT_EQ(decode(in, 3).state, State::violation) << line;
  }
}

TEST(ChunkedAnswer, HasNoOtherWhiteSpace) {
  for (const std::string line :
       {" 2", "2 ", "2;a ", "2;a= ", "2;a=b ", "2 2", "2;a b", "2;a=b c", "2;a\v=b", "2 \r;a"}) {
    EXPECT_EQ(tolerated(line + "\r\nok\r\n0\r\n\r\n").state, State::violation) << line;
  }
}

TEST(ChunkedAnswer, LosesForbiddenTrailers) {
  const Outcome outcome =
      tolerated("0\r\nA: b\r\nContent-Length: 5\r\nX-Forwarded-For: 1\r\nC: d\r\n\r\nnext");
  EXPECT_EQ(outcome.state, State::done);
  EXPECT_EQ(outcome.trailers, (std::vector<std::string>{"A=b", "C=d"}));
  EXPECT_EQ(outcome.rest, "next");
  EXPECT_EQ(outcome.slips, kForbiddenTrailer);
}

TEST(ChunkedAnswer, HasItsTrailersRepaired) {
  const Outcome outcome = tolerated("0\r\nA : b\r\n c\r\n\r\n");
  EXPECT_EQ(outcome.trailers, std::vector<std::string>{"A=b   c"});
  EXPECT_EQ(outcome.slips, kSpaceBeforeColon | kFoldedLine);
}

TEST(Chunked, NeedsMoreUntilTheVeryLastOctet) {
  const std::string in = "5\r\nhello\r\n0\r\nA: b\r\n\r\n";
  for (std::size_t size = 0; size < in.size(); ++size) {
    const State state = decode(in.substr(0, size), 1).state;
    EXPECT_TRUE(state == State::need_more || state == State::body) << size;
  }
  EXPECT_EQ(decode(in, 1).state, State::done);
}

}  // namespace
}  // namespace sallyport::http
