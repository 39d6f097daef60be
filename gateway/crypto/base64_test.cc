#include "gateway/crypto/base64.h"

#include <gtest/gtest.h>

#include <array>

#include "gateway/crypto/random.h"

namespace sallyport::crypto {
namespace {

TEST(Base64Url, ReadsTheExamplesOfTheRfc) {
  // RFC 4648 section 10, without the padding.
  EXPECT_EQ(decode_base64url(""), "");
  EXPECT_EQ(decode_base64url("Zg"), "f");
  EXPECT_EQ(decode_base64url("Zm8"), "fo");
  EXPECT_EQ(decode_base64url("Zm9v"), "foo");
  EXPECT_EQ(decode_base64url("Zm9vYg"), "foob");
  EXPECT_EQ(decode_base64url("Zm9vYmFy"), "foobar");
  EXPECT_EQ(decode_base64url("-_8"), "\xfb\xff");
}

TEST(Base64Url, RefusesPadding) {
  for (std::string_view text : {"Zg==", "Zm8=", "=", "====", "Zm9v="}) {
    EXPECT_FALSE(decode_base64url(text)) << text;
  }
}

TEST(Base64Url, RefusesStrayBitsAtTheEnd) {
  EXPECT_FALSE(decode_base64url("Zh"));   // f with another bit
  EXPECT_FALSE(decode_base64url("Zm9"));  // fo with another bit
  EXPECT_FALSE(decode_base64url("Zm9vYh"));
}

TEST(Base64Url, RefusesALengthThatNothingHas) {
  EXPECT_FALSE(decode_base64url("Z"));
  EXPECT_FALSE(decode_base64url("Zm9vY"));
}

TEST(Base64Url, RefusesEveryForeignCharacterAtEveryPlace) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (int c = 0; c < 256; ++c) {
    if (kAlphabet.find(static_cast<char>(c)) != std::string_view::npos) continue;
    for (const std::size_t size : {4U, 6U, 7U}) {
      for (std::size_t at = 0; at < size; ++at) {
        std::string text(size, 'A');
        text[at] = static_cast<char>(c);
        EXPECT_FALSE(decode_base64url(text)) << c << " at " << at << " of " << size;
      }
    }
  }
}

TEST(Base64Url, RefusesWhatDoesNotFit) {
  std::array<char, 3> room;
  EXPECT_EQ(decode_base64url("Zm9v", room), "foo");
  EXPECT_FALSE(decode_base64url("Zm9vYg", room));
}

TEST(Base64Url, ReadsWhatItWrote) {
  for (std::size_t size = 0; size < 70; ++size) {
    std::string bytes(size, '\0');
    fill_random({reinterpret_cast<std::uint8_t*>(bytes.data()), size});
    EXPECT_EQ(decode_base64url(encode_base64url(bytes)), bytes);
  }
}

TEST(Base64, WritesTheStandardAlphabetWithPadding) {
  EXPECT_EQ(encode_base64(""), "");
  EXPECT_EQ(encode_base64("f"), "Zg==");
  EXPECT_EQ(encode_base64("fo"), "Zm8=");
  EXPECT_EQ(encode_base64("foo"), "Zm9v");
  EXPECT_EQ(encode_base64("\xfb\xff\xfe"), "+//+");
}

}  // namespace
}  // namespace sallyport::crypto
