#pragma once

// What both sessions ask of nghttp2 in the same way: callbacks, options, bodies and octets to send.

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/base/check.h"
#include "gateway/http/h2_response.h"

namespace sallyport::http {

inline std::string_view h2_text(const std::uint8_t* octets, std::size_t size) {
  return {reinterpret_cast<const char*>(octets), size};
}

inline bool ends_stream(const nghttp2_frame& frame) {
  return (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
}

struct H2CallbacksFree {
  void operator()(nghttp2_session_callbacks* table) const { nghttp2_session_callbacks_del(table); }
};
using H2CallbackTable = std::unique_ptr<nghttp2_session_callbacks, H2CallbacksFree>;

// make_h2_callbacks fills the library's table from static functions of Callbacks. Of begin_frame,
// invalid and sent it takes what Callbacks has; the others there must be.
template <class Callbacks>
H2CallbackTable make_h2_callbacks() {
  using C = Callbacks;
  nghttp2_session_callbacks* table = nullptr;
  SALLYPORT_CHECK(nghttp2_session_callbacks_new(&table) == 0);
  nghttp2_session_callbacks_set_on_begin_headers_callback(table, C::begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(table, C::header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(table, C::frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table, C::data);
  nghttp2_session_callbacks_set_on_stream_close_callback(table, C::close);
  nghttp2_session_callbacks_set_send_data_callback(table, C::send_data);
  if constexpr (requires { C::begin_frame; }) {
    nghttp2_session_callbacks_set_on_begin_frame_callback(table, C::begin_frame);
  }
  if constexpr (requires { C::invalid; }) {
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(table, C::invalid);
  }
  if constexpr (requires { C::sent; }) {
    nghttp2_session_callbacks_set_on_frame_send_callback(table, C::sent);
  }
  return H2CallbackTable(table);
}

struct H2OptionFree {
  void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};
using H2Option = std::unique_ptr<nghttp2_option, H2OptionFree>;

// make_h2_option: windows are opened by us, when octets were dealt with, and messages are judged by
// us, which gives a reason; the library would only reset.
H2Option make_h2_option(std::size_t max_continuations);

// read_h2_body is the library's question for more of a body. Source has h2_unsent, is_h2_complete
// and h2_trailers, as H2Sink and H2Caller have. The octets are appended later, in send_data.
template <class Source>
ssize_t read_h2_body(const Source& source, H2FieldSection& section, nghttp2_session* session,
                     std::int32_t stream, std::size_t size, std::uint32_t& flags) {
  const std::size_t unsent = source.h2_unsent().size();
  const std::size_t taken = std::min(unsent, size);
  const bool is_last = taken == unsent && source.is_h2_complete();
  if (taken == 0 && !is_last) return NGHTTP2_ERR_DEFERRED;
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (!is_last) return static_cast<ssize_t>(taken);
  flags |= NGHTTP2_DATA_FLAG_EOF;
  if (source.h2_trailers().empty()) return static_cast<ssize_t>(taken);
  if (!section.set_trailers(source.h2_trailers())) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  nghttp2_submit_trailer(session, stream, section.fields().data(), section.fields().size());
  return static_cast<ssize_t>(taken);
}

// produce_h2 appends to `out` what is to be sent, until it holds about `enough` octets. Not zero:
// the library's error.
int produce_h2(nghttp2_session* session, std::string& out, std::size_t enough);

// is_h2_over: both sides have said all.
inline bool is_h2_over(nghttp2_session* session) {
  return nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0;
}

}  // namespace sallyport::http
