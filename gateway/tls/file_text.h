#pragma once

// Reading certificate and key files, whole and once: what was checked is what is used. Control
// thread only.

#include <cstddef>
#include <string>

#include "gateway/base/file.h"
#include "gateway/base/result.h"
#include "gateway/crypto/secret_text.h"

namespace sallyport::tls {

// FileText wipes its text when it goes: most such files hold a key, or may by mistake. Whoever
// moves the text out has made sure that it is none.
struct FileText {
  std::string text;
  bool others_can_read = false;  // anybody on this machine

  FileText() = default;
  FileText(FileText&&) noexcept = default;
  FileText& operator=(FileText&&) = delete;
  ~FileText() { crypto::wipe(text); }
};

// read_file is that of base/file.h with the path in the error and text that is wiped.
Result<FileText> read_file(const std::string& path, std::size_t limit,
                           Links links = Links::followed);

}  // namespace sallyport::tls
