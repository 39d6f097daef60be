#include "modules/oauth/gzip.h"

#include <zlib.h>

#include <array>

namespace sallyport::oauth {
namespace {

// Inflation ends zlib's state on every way out.
class Inflation {
 public:
  explicit Inflation(std::string_view packed) {
    constexpr int kOnlyGzip = 16;
    is_good_ = inflateInit2(&stream_, MAX_WBITS + kOnlyGzip) == Z_OK;
    // zlib reads only, but does not say so unless it was built to.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
  }
  ~Inflation() { inflateEnd(&stream_); }
  Inflation(const Inflation&) = delete;
  Inflation& operator=(const Inflation&) = delete;

  bool is_good() const { return is_good_; }
  bool has_input() const { return stream_.avail_in > 0; }
  bool next_member() { return inflateReset(&stream_) == Z_OK; }
  // step unpacks one piece; its result is zlib's.
  int step(std::string& to) {
    std::array<char, 4096> piece;
    stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream_.avail_out = piece.size();
    const int result = inflate(&stream_, Z_NO_FLUSH);
    to.append(piece.data(), piece.size() - stream_.avail_out);
    return result;
  }

 private:
  z_stream stream_{};
  bool is_good_ = false;
};

}  // namespace

Unpacked gunzip(std::string_view packed, std::size_t longest, std::string& to) {
  to.clear();
  Inflation inflation(packed);
  if (!inflation.is_good() || packed.empty()) return Unpacked::broken;
  for (;;) {
    const int result = inflation.step(to);
    if (to.size() > longest) {
      to.clear();
      return Unpacked::too_long;
    }
    if (result == Z_STREAM_END) {
      if (!inflation.has_input()) return Unpacked::whole;
      if (!inflation.next_member()) return Unpacked::broken;
    } else if (result != Z_OK) {  // Z_BUF_ERROR: the end is missing
      return Unpacked::broken;
    }
  }
}

}  // namespace sallyport::oauth
