#include "gateway/http/h2_library.h"

namespace sallyport::http {

H2Option make_h2_option(std::size_t max_continuations) {
  nghttp2_option* option = nullptr;
  SALLYPORT_CHECK(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_http_messaging(option, 1);
  nghttp2_option_set_max_continuations(option, max_continuations);
  return H2Option(option);
}

int produce_h2(nghttp2_session* session, std::string& out, std::size_t enough) {
  while (out.size() < enough) {
    const std::uint8_t* octets = nullptr;
    const std::size_t before = out.size();
    const auto size = nghttp2_session_mem_send(session, &octets);
    if (size < 0) return static_cast<int>(size);
    out.append(h2_text(octets, static_cast<std::size_t>(size)));
    // A DATA frame was appended by its callback; then the library returns zero octets of its own.
    if (out.size() == before) break;
  }
  return 0;
}

}  // namespace sallyport::http
