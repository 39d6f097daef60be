// Frame sequences against the whole session: whatever a client sends, in pieces of any size, the
// codec neither breaks nor produces without bound, and every stream that begins also ends.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/http/h2_request.h"
#include "gateway/http/h2_server_session.h"

namespace {

using namespace sallyport;

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t kOutput = 64 * 1024;

class Server;

// Stream answers as soon as its request is complete, as large as the path is long.
class Stream final : public http::H2Sink {
 public:
  Stream(Server& server, std::int32_t id) : server_(server), id_(id) {}
  void begin(const http::HeaderBlock& head, bool ends_stream);

  void on_h2_data(std::string_view piece) override;
  void on_h2_end(const http::HeaderBlock* trailers) override;
  void on_h2_answered() override;
  void on_h2_close(bool) override;
  std::string_view h2_unsent() const override { return std::string_view(body_).substr(sent_); }
  void on_h2_sent(std::size_t bytes) override {
    sent_ += bytes;
    SALLYPORT_CHECK(sent_ <= body_.size());
  }
  bool is_h2_complete() const override { return true; }
  const http::Fields& h2_trailers() const override { return trailers_; }

 private:
  void answer(int status);

  Server& server_;
  const std::int32_t id_;
  Arena arena_;
  std::string body_;
  std::size_t sent_ = 0;
  http::Fields trailers_;
  bool answered_ = false;
};

class Server final : public http::H2SessionOwner {
 public:
  Server() : limits_(few_streams()), codec_(limits_, *this) {}

  http::H2Sink& on_h2_request(std::int32_t id, const http::HeaderBlock& head,
                              bool ends_stream) override {
    auto& stream = streams_[id];
    SALLYPORT_CHECK(stream == nullptr);
    stream = std::make_unique<Stream>(*this, id);
    SALLYPORT_CHECK(streams_.size() <= limits_.max_streams);
    stream->begin(head, ends_stream);
    return *stream;
  }
  http::H2ServerSession& codec() { return codec_; }
  void forget(std::int32_t id) {
    over_.push_back(std::move(streams_.at(id)));
    streams_.erase(id);
  }
  // turn feeds a piece and takes what comes of it; false at the end.
  bool turn(std::string_view piece) {
    now_.us += 1000;
    const bool fed = codec_.feed(piece, now_);
    std::string out;
    const bool produced = codec_.produce(out, kOutput);
    SALLYPORT_CHECK(out.size() <= kOutput + 32 * 1024);
    over_.clear();
    return fed && produced && !codec_.is_over();
  }

 private:
  static http::H2Limits few_streams() {
    return {.head = {},
            .max_streams = 10,
            .stream_window = 64 * 1024,
            .connection_window = 1024 * 1024,
            .max_continuations = 8,
            .overhead = 256 * 1024,
            .per_second = {100, 60, 30, 1000, 100, 500}};
  }

  const http::H2Limits limits_;
  std::map<std::int32_t, std::unique_ptr<Stream>> streams_;
  std::vector<std::unique_ptr<Stream>> over_;
  MonoTime now_{1'000'000};
  http::H2ServerSession codec_;
};

void Stream::begin(const http::HeaderBlock& head, bool ends_stream) {
  const auto parsed = http::parse_h2_request(head, ends_stream, arena_);
  if (std::holds_alternative<http::Violation>(parsed)) return answer(400);
  body_.assign(std::get<http::RequestHead>(parsed).target.path.size() * 100, 'x');
  if (ends_stream) answer(200);
}

void Stream::on_h2_data(std::string_view piece) { server_.codec().consume(id_, piece.size()); }

void Stream::on_h2_end(const http::HeaderBlock* trailers) {
  http::Fields fields;
  const bool is_good = trailers == nullptr || !http::parse_h2_trailers(*trailers, arena_, fields);
  answer(is_good ? 200 : 400);
}

// Some take the rest of their requests, others do not want it.
void Stream::on_h2_answered() {
  if (id_ % 4 == 1) server_.codec().reset(id_, http::H2Error::no_error);
}

void Stream::on_h2_close(bool) { server_.forget(id_); }

void Stream::answer(int status) {
  if (std::exchange(answered_, true)) return;
  http::ResponseHead head;
  head.status = status;
  head.fields.add("X-A", "b");
  head.body.framing = body_.empty() ? http::Framing::none : http::Framing::chunked;
  static_cast<void>(server_.codec().submit_head(id_, head, body_.empty() ? nullptr : this));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Server server;
  if (!server.turn(kPreface)) return 0;
  const std::size_t piece = data[0] == 0 ? size : data[0];
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  while (!rest.empty()) {
    if (!server.turn(rest.substr(0, piece))) break;
    rest.remove_prefix(std::min(piece, rest.size()));
  }
  return 0;
}
