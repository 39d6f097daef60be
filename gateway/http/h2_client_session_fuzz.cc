// Whatever a server sends on an HTTP/2 connection: an answer ends once, and nothing comes after.

#include <cstdint>
#include <string>

#include "gateway/base/check.h"
#include "gateway/http/h2_client_session.h"

namespace sallyport::http {
namespace {

class Caller final : public H2Caller {
 public:
  Arena& h2_arena() override { return arena_; }
  void on_h2_head(ResponseHead& head) override {
    SALLYPORT_CHECK(!has_head_ && !is_over_ && head.status >= 200 && head.status <= 599);
    has_head_ = true;
  }
  void on_h2_data(std::string_view) override { SALLYPORT_CHECK(has_head_ && !is_over_); }
  void on_h2_slips(std::uint8_t slips) override { SALLYPORT_CHECK(slips == kForbiddenTrailer); }
  void on_h2_end(const Fields&) override {
    SALLYPORT_CHECK(has_head_ && !is_over_);
    is_over_ = true;
  }
  void on_h2_failed(H2End, std::string_view) override {
    SALLYPORT_CHECK(!is_over_);
    is_over_ = true;
  }
  std::string_view h2_unsent() const override { return {}; }
  void on_h2_sent(std::size_t) override {}
  bool is_h2_complete() const override { return true; }
  const Fields& h2_trailers() const override { return none_; }

 private:
  Arena arena_;
  Fields none_;
  bool has_head_ = false;
  bool is_over_ = false;
};

RequestHead request(Method method) {
  RequestHead head;
  head.method = method;
  head.method_text = to_string(method);
  head.authority = "api.example";
  head.target.path = "/";
  return head;
}

}  // namespace
}  // namespace sallyport::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport::http;
  Caller first, second;
  H2ClientSession session(HeadLimits{}, 64 * 1024);
  session.open(request(Method::get), "https", first);
  session.open(request(Method::head), "https", second);
  std::string out;
  bool is_good = session.produce(out, 1 << 20);
  // In two pieces: no frame may depend on how it arrives.
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  is_good = is_good && session.feed(octets.substr(0, size / 2));
  is_good = is_good && session.feed(octets.substr(size / 2));
  static_cast<void>(is_good && session.produce(out, 1 << 20));
  return 0;
}
