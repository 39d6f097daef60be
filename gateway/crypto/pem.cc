#include "gateway/crypto/pem.h"

#include <cstdint>

#include "gateway/crypto/base64.h"
#include "gateway/crypto/pem_line.h"

namespace sallyport::crypto {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

Error at_line(std::size_t line, const std::string& problem) {
  return {Fault::gateway, "line " + std::to_string(line) + " " + problem};
}

std::string named(const PemBlock& block) {
  return "the block " + block.label + " that begins on line " + std::to_string(block.line);
}

// other_format says what a text is that cannot be PEM, and what to do; empty when it may be.
std::string other_format(std::string_view text) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    return "is UTF-16, as some editors and shells of Windows write; save it as UTF-8 or ASCII";
  }
  if (text.find('\0') == std::string_view::npos) return {};
  if (text.starts_with('\x30')) {
    return "is not PEM but DER or PKCS#12; convert it (openssl x509 -inform DER -in FILE -out NEW, "
           "or openssl pkcs12 -in FILE -nodes -out NEW)";
  }
  return "holds a NUL octet: it is not text, or part of it is UTF-16; save it as UTF-8 or ASCII";
}

constexpr int kNoDigit = -1;

int digit_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : kNoDigit;
}

// Base64 is decoded as it comes, straight to where it stays: a key leaves no other copy.
class Base64Reader {
 public:
  // `into` has been given the room.
  explicit Base64Reader(std::string& into) : into_(into) {}

  bool add(std::string_view line) {
    for (const char c : line) {
      if (c == ' ' || c == '\t' || c == '\v' || c == '\f') continue;
      if (!add(c)) return false;
    }
    return true;
  }
  // is_whole says whether nothing is missing: groups of four, and no stray bits.
  bool is_whole() const { return count_ % 4 == 0 && !has_stray_; }

 private:
  bool add(char c) {
    if (c == '=') {
      // Two at most, in the last two places of the last group.
      if (count_ % 4 < 2) return false;
      if (padding_++ == 0) flush();
      ++count_;
      return padding_ <= 2;
    }
    const int digit = digit_of(c);
    if (digit == kNoDigit || padding_ > 0) return false;
    group_ = group_ << 6 | static_cast<std::uint32_t>(digit);
    if (++count_ % 4 == 0) flush();
    return true;
  }
  // flush writes what the group of two, three or four digits stands for.
  void flush() {
    const unsigned digits = count_ % 4 == 0 ? 4 : count_ % 4;
    const unsigned stray = digits * 6 % 8;
    has_stray_ = (group_ & ((1U << stray) - 1)) != 0;
    const std::uint32_t bits = group_ >> stray;
    for (unsigned octet = digits - 1; octet-- > 0;) {
      into_ += static_cast<char>(bits >> (8 * octet) & 0xFF);
    }
    group_ = 0;
  }

  std::string& into_;
  std::uint32_t group_ = 0;
  unsigned count_ = 0;  // digits and padding
  int padding_ = 0;
  bool has_stray_ = false;
};

Error header_refused(const PemBlock& block, std::size_t line, std::string_view text) {
  if (text.starts_with("Proc-Type") || text.starts_with("DEK-Info")) {
    return at_line(line, "says that " + named(block) +
                             " is encrypted; decrypt it (openssl pkey) and protect the file");
  }
  return at_line(
      line, "is no base64, but a header of " + named(block) + "; remove such lines, or the block");
}

Result<PemBlock> read_block(PemLines& lines, std::string_view label) {
  PemBlock block;
  block.label = label;
  block.line = lines.number();
  block.der.reserve(lines.rest().substr(0, lines.rest().find("-----END")).size() / 4 * 3 + 3);
  Base64Reader base64(block.der);
  std::string_view line;
  while (lines.next(line)) {
    if (const auto end = ends(line)) {
      if (*end != label) {
        return at_line(lines.number(), "ends a block " + std::string(*end) + ", but " +
                                           named(block) + " is open; the file is mixed up there");
      }
      if (!base64.is_whole() || block.der.empty()) {
        return at_line(lines.number(),
                       "ends " + named(block) + ", of which a part is missing; get the file anew");
      }
      return block;
    }
    if (begins(line)) {
      return at_line(lines.number(), "begins a block, but " + named(block) +
                                         " has no end yet; a part of the file is missing there");
    }
    if (const std::string why = misreading(line); !why.empty()) {
      return at_line(lines.number(), why);
    }
    if (line.find(':') != std::string_view::npos)
      return header_refused(block, lines.number(), line);
    if (!base64.add(line)) {
      return at_line(lines.number(), "is not base64, inside " + named(block) +
                                         "; get the file anew, or mend the line");
    }
  }
  return at_line(block.line, "begins a block " + block.label +
                                 " that has no end: the file is cut short; get it anew");
}

}  // namespace

Result<std::vector<PemBlock>> read_pem(std::string_view pem, std::size_t limit) {
  if (const std::string other = other_format(pem); !other.empty()) {
    return Error{Fault::gateway, "the file " + other};
  }
  if (pem.starts_with(kByteOrderMark)) pem.remove_prefix(kByteOrderMark.size());
  PemLines lines(pem);
  std::vector<PemBlock> blocks;
  std::string_view line;
  while (lines.next(line)) {
    const auto label = begins(line);
    if (!label && ends(line)) {
      return at_line(lines.number(),
                     "ends a block that has no beginning: its -----BEGIN line is missing or "
                     "misspelt; write it anew, or remove what is left of the block");
    }
    if (!label) {
      const std::string why = misreading(line);
      if (!why.empty()) return at_line(lines.number(), why);
      continue;
    }
    if (blocks.size() == limit) {
      return at_line(lines.number(),
                     "begins one more block than the limit of " + std::to_string(limit));
    }
    auto block = read_block(lines, *label);
    if (!block) return block.error();
    blocks.push_back(*std::move(block));
  }
  return blocks;
}

std::string write_pem(std::string_view label, std::string_view der) {
  constexpr std::size_t kLine = 64;  // RFC 7468 section 2
  const std::string text = encode_base64(der);
  std::string out = "-----BEGIN " + std::string(label) + "-----\n";
  for (std::size_t at = 0; at < text.size(); at += kLine) out += text.substr(at, kLine) + "\n";
  return out + "-----END " + std::string(label) + "-----\n";
}

}  // namespace sallyport::crypto
