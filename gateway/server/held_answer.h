#pragma once

// HeldAnswer stands between an upstream's answer and the client's stream. It passes everything on,
// unless it is told to hold: then it keeps the answer until somebody has judged it.

#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/base/arena.h"
#include "gateway/http/stream.h"

namespace sallyport::server {

class HeldAnswerListener {
 public:
  // on_answer_held: the answer is here, or as much of it as may be held.
  virtual void on_answer_held() = 0;

 protected:
  ~HeldAnswerListener() = default;
};

class HeldAnswer final : public http::Stream {
 public:
  // The texts of a held head lie in `arena`.
  HeldAnswer(http::Stream& client, Arena& arena, HeldAnswerListener& listener)
      : client_(client), arena_(arena), listener_(listener) {}

  // hold keeps the answer whose head is sent next. Whoever sends more body than `limit` is made to
  // wait, by unsent.
  void hold(std::size_t limit);
  bool is_holding() const { return is_holding_; }
  // What is held; valid until release.
  http::ResponseHead& head() { return head_; }
  std::string_view body() const {
    return is_whole() ? std::string_view(body_) : std::string_view();
  }
  bool is_whole() const { return body_.size() <= limit_; }
  // release sends what is held and passes the rest on.
  void release();

  void send_continue() override { client_.send_continue(); }
  void send_head(http::ResponseHead& head) override;
  void send_body(std::string_view piece) override;
  void send_end(const http::Fields& trailers) override;
  void abort() override { client_.abort(); }
  std::size_t unsent() const override;
  void want_body(bool yes) override { client_.want_body(yes); }

 private:
  http::Fields kept(const http::Fields& fields);
  void tell();

  http::Stream& client_;
  Arena& arena_;
  HeldAnswerListener& listener_;
  http::ResponseHead head_;
  std::string body_;
  http::Fields trailers_;
  std::size_t limit_ = 0;
  bool is_holding_ = false;
  bool has_ended_ = false;
  bool was_told_ = false;
};

}  // namespace sallyport::server
