#pragma once

// The parsed form of an HTTP message head, the same for every version of the protocol. Everything
// points into the exchange's arena; what is forwarded is serialised from here, never copied.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "gateway/base/arena.h"
#include "gateway/http/own_field.h"

namespace sallyport::http {

enum class Violation : std::uint8_t;

// Methods that the gateway itself must tell apart (RFC 9110 section 9); any other token is `other`
// and keeps its text.
enum class Method : std::uint8_t {
  get,
  head,
  post,
  put,
  delete_,
  options,
  patch,
  connect,
  trace,
  other
};

Method method_of(std::string_view token);
std::string_view to_string(Method method);
// expects_content says whether RFC 9110 gives the content of such a request a meaning: PATCH, POST
// and PUT. For GET, HEAD, DELETE and OPTIONS it has none (sections 9.3.1, 9.3.2, 9.3.5 and 9.3.7),
// so that many servers do not read it; and what a method means that the RFC does not know, nobody
// can say.
bool expects_content(Method method);

struct Field {
  std::string_view name;   // as received; compare with equals_ignoring_case
  std::string_view value;  // without surrounding white space
};

// Fields is an ordered list of header or trailer fields with a limit that its maker keeps.
class Fields {
 public:
  // add appends a field of the gateway's own or of a module. One that must not be written (its name
  // is no token, or its value has a line end or the like) spoils the message: see is_writable.
  void add(std::string_view name, std::string_view value);
  // Of constants, what was judged by the compiler is not judged again.
  void add(FieldName name, std::string_view value);
  void add(const OwnField& field) { list_.push_back({field.name().text(), field.value()}); }
  // find returns the first field of that name (any case), or null.
  const Field* find(std::string_view name) const;
  // count says how many fields have that name: duplicates matter to security.
  std::size_t count(std::string_view name) const;
  void remove(std::string_view name);
  // remove_if removes every field for which `drop(field)` holds.
  template <class Drop>
  void remove_if(Drop drop) {
    const auto own = list_.begin() + static_cast<std::ptrdiff_t>(received_);
    const auto own_end = std::remove_if(own, list_.end(), drop);
    remove(own, own_end, drop);
  }
  // end_received says that all that stands here was received; what is added from now on is our own.
  void end_received() { received_ = list_.size(); }
  // remove_received_if removes those received for which `drop(field)` holds.
  template <class Drop>
  void remove_received_if(Drop drop) {
    remove(list_.begin() + static_cast<std::ptrdiff_t>(received_), list_.end(), drop);
  }
  void clear() {
    list_.clear();
    received_ = 0;
    is_writable_ = true;
  }
  // reserve makes room for an ordinary message at once.
  void reserve(std::size_t fields) { list_.reserve(fields); }

  // is_writable says whether every field ever added may be written as it is. Nobody writes a head
  // or trailers otherwise.
  bool is_writable() const { return is_writable_; }

  bool empty() const { return list_.empty(); }
  std::size_t size() const { return list_.size(); }
  auto begin() const { return list_.begin(); }
  auto end() const { return list_.end(); }

 private:
  // Only who parses a message adds its fields without another look: the first has judged each as it
  // found it, and of what the second adds, each is judged (check_h2_field) or the message refused.
  friend std::optional<Violation> parse_field_lines(std::string_view, std::size_t, std::size_t,
                                                    Fields&);
  friend class HeaderBlock;
  void add_parsed(std::string_view name, std::string_view value) { list_.push_back({name, value}); }

  // remove takes those received for which `drop(field)` holds, and of the others keeps [own,
  // own_end).
  template <class Drop>
  void remove(std::vector<Field>::iterator own, std::vector<Field>::iterator own_end, Drop drop) {
    auto end = std::remove_if(list_.begin(), own, drop);
    received_ = static_cast<std::size_t>(end - list_.begin());
    end = end == own ? own_end : std::move(own, own_end, end);
    list_.erase(end, list_.end());
  }

  std::vector<Field> list_;
  std::size_t received_ = 0;  // so many of them, from the first on
  bool is_writable_ = true;
};

// Body framing, decided once by http/framing (RFC 9112 section 6.3).
enum class Framing : std::uint8_t { none, length, chunked, until_close };

struct BodyShape {
  Framing framing = Framing::none;
  std::uint64_t length = 0;  // for Framing::length

  bool has_body() const {
    return framing != Framing::none && !(framing == Framing::length && length == 0);
  }
};

// Target is the request target after canonicalisation (http/target.h): what the routes judge and,
// byte for byte, what is forwarded.
struct Target {
  std::string_view path;   // canonical absolute path, "/" at least; "*" for OPTIONS *
  std::string_view query;  // without "?", as received but for what had to be percent-encoded
  bool has_query = false;  // "/a?" and "/a" are different targets
  // The query came with characters that RFC 3986 section 3.4 does not allow there, and has their
  // escapes instead. Only routes with `query: lenient` take such a request.
  bool has_lax_query = false;
};

struct RequestHead {
  Method method = Method::other;
  std::string_view method_text;
  Target target;
  std::string_view authority;  // host[:port] of the effective request URI, lower case
  std::string_view host;       // authority without port; IPv6 literals keep their brackets
  int version_major = 1;
  int version_minor = 1;
  Fields fields;  // framing fields (Host, Content-Length, Transfer-Encoding) removed
  BodyShape body;
  bool expects_continue = false;
  bool keep_alive = true;  // whether the client lets the connection live
};

struct ResponseHead {
  int status = 0;
  std::string_view reason;  // phrase as received; may be empty
  int version_minor = 1;
  Fields fields;  // framing fields removed
  BodyShape body;
  // Of an answer that has no body and yet a Content-Length (to HEAD, or 304): what a GET would have
  // got (RFC 9110 section 8.6). Forwarded, never waited for.
  std::optional<std::uint64_t> announced_length;
  bool withholds_content = false;  // of such an answer: it announces content, of whatever length
  bool keep_alive = true;          // whether the upstream lets the connection live
  // What was wrong and yet left no doubt about where the answer ends (Slip).
  std::uint8_t slips = 0;
};

// Slip is something about an answer that is odd or at fault and that a recipient may tolerate,
// since it leaves no doubt about where the answer ends (sections are of RFC 9112): bits of
// ResponseHead::slips.
enum Slip : std::uint8_t {
  kNoReasonSpace = 1,   // section 4: the status line ends behind the code, without the last blank
  kContentWithout = 2,  // section 6.3: 204, and a Content-Length above zero or a Transfer-Encoding
  kCodingWith304 = 4,   // section 6.1: 304, and the Transfer-Encoding that an answer to GET had
  kSpaceBeforeColon = 8,  // section 5.1: removed
  kFoldedLine = 16,       // section 5.2: joined with blanks
  kChunkSpace = 32,  // section 7.1.1: around ";" and "=" of chunk extensions, which are dropped
  kForbiddenTrailer = 64,  // section 7.1.2: dropped
};
// kSlipNames are what logs and metrics call them, by the number of the bit.
inline constexpr std::array<std::string_view, 7> kSlipNames{
    "no_reason_space", "content_with_204", "coding_with_304",  "space_before_colon",
    "folded_line",     "chunk_space",      "forbidden_trailer"};

// Reading is how a message is read: requests strictly, since whoever stands behind us may read a
// fault in another way; answers so that each Slip is repaired and noted.
enum class Reading : std::uint8_t { strict, tolerant };

}  // namespace sallyport::http
